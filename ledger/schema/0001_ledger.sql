-- The event store: append-only, in one order without gaps. `mentorat_app` may read and add, never rewrite.
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE SCHEMA ledger;

CREATE TABLE ledger.events (
    position     bigint      PRIMARY KEY CHECK (position > 0),
    event_id     uuid        NOT NULL UNIQUE,
    record_id    text        COLLATE "C" NOT NULL,
    version      integer     NOT NULL CHECK (version > 0),
    topic        text        COLLATE "C" NOT NULL,
    state        text        NOT NULL,
    metadata     text        NOT NULL,
    effective_at timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    UNIQUE (record_id, version),
    CHECK (effective_at <= recorded_at)
);
COMMENT ON COLUMN ledger.events.position IS 'Head + i under the append lock: no gap, no reordering.';
COMMENT ON COLUMN ledger.events.effective_at IS 'When the fact became true; recorded_at: when it was written.';

-- What only one record may hold at a time; rebuildable from the records (Root.claims).
CREATE TABLE ledger.claims (
    key       text      COLLATE "C" NOT NULL,
    during    tstzrange NOT NULL DEFAULT '(,)',
    record_id text      COLLATE "C" NOT NULL,
    EXCLUDE USING gist (key WITH =, during WITH &&)
);
CREATE INDEX claims_record ON ledger.claims (record_id);

-- Domain time = server time + this offset: always zero in production, where it is frozen.
CREATE TABLE ledger.clock (
    only_row boolean  PRIMARY KEY DEFAULT true CHECK (only_row),
    shift    interval NOT NULL DEFAULT '0',
    frozen   boolean  NOT NULL DEFAULT false,
    CONSTRAINT frozen_clock CHECK (NOT frozen OR shift = '0')
);
INSERT INTO ledger.clock DEFAULT VALUES;

CREATE FUNCTION ledger.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger.events is append-only (%)', TG_OP;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_rewriting();

GRANT USAGE ON SCHEMA ledger TO mentorat_app, mentorat_projector;
GRANT SELECT, INSERT ON ledger.events TO mentorat_app;
GRANT SELECT, INSERT, DELETE ON ledger.claims TO mentorat_app;
GRANT SELECT ON ledger.clock, ledger.events TO mentorat_projector;
GRANT SELECT ON ledger.clock TO mentorat_app;
