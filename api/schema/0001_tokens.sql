-- Who may call the API. A token's secret is never stored, only its SHA-256: 256 random bits need no salt.
CREATE SCHEMA api;

CREATE TABLE api.tokens (
    id            text        COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
    role          text        NOT NULL
                  CHECK (role IN ('national', 'academie', 'association', 'lycee', 'auditor', 'dpo', 'operator')),
    label         text        NOT NULL CHECK (length(label) BETWEEN 1 AND 200),
    scopes        text[]      NOT NULL,
    secret_sha256 bytea       NOT NULL CHECK (length(secret_sha256) = 32),
    created_at    timestamptz NOT NULL DEFAULT now(),
    revoked_at    timestamptz
);
COMMENT ON TABLE api.tokens IS 'A token is never deleted: the audit trail names it.';

GRANT USAGE ON SCHEMA api TO mentorat_app;
GRANT SELECT, INSERT ON api.tokens TO mentorat_app;
GRANT UPDATE (revoked_at) ON api.tokens TO mentorat_app;
