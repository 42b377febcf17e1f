#!/bin/sh
# The roles and the databases, once, while PostgreSQL makes its empty cluster. Read by psql from the secret
# files: no password is an argument of a command.
#
# `mentorat migrate` gives the roles mentorat_app and mentorat_projector their passwords; they are made here,
# by the owner, only to be allowed into the database that everyone else is kept out of.
set -eu

SECRETS=${SECRETS:-/run/secrets}
export SECRETS

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\set owner_password `cat "$SECRETS/postgres_owner_password"`
\set temporal_password `cat "$SECRETS/postgres_temporal_password"`

CREATE ROLE mentorat_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE mentorat OWNER mentorat_owner;

CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

REVOKE CONNECT, TEMPORARY ON DATABASE mentorat, temporal, temporal_visibility FROM PUBLIC;

SET SESSION AUTHORIZATION mentorat_owner;
CREATE ROLE mentorat_app;
CREATE ROLE mentorat_projector;
GRANT CONNECT ON DATABASE mentorat TO mentorat_app, mentorat_projector;
SQL
