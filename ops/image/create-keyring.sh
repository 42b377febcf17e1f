#!/bin/sh
# The role and the database of the keyring, once, while its own PostgreSQL makes its empty cluster. Read by psql
# from the secret file: no password is an argument of a command. `mentorat migrate` makes the tables.
set -eu

SECRETS=${SECRETS:-/run/secrets}
export SECRETS

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\set owner_password `cat "$SECRETS/keyring_owner_password"`

CREATE ROLE mentorat_keyring LOGIN PASSWORD :'owner_password';
CREATE DATABASE keyring OWNER mentorat_keyring;

REVOKE CONNECT, TEMPORARY ON DATABASE keyring FROM PUBLIC;
SQL
