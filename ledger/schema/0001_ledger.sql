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
    commitment      bytea CHECK (octet_length(commitment) = 32),
    text_commitment bytea CHECK (octet_length(text_commitment) = 32),
    leaf         bytea       NOT NULL CHECK (octet_length(leaf) = 32),
    UNIQUE (record_id, version),
    CHECK (effective_at <= recorded_at)
);
COMMENT ON COLUMN ledger.events.position IS 'Head + i under the append lock: no gap, no reordering.';
COMMENT ON COLUMN ledger.events.effective_at IS 'When the fact became true; recorded_at: when it was written.';
COMMENT ON COLUMN ledger.events.commitment IS 'Which key opens the personal fields: a hash, never the key.';
COMMENT ON COLUMN ledger.events.text_commitment IS 'The same for what somebody typed.';
COMMENT ON COLUMN ledger.events.leaf IS 'RFC 6962 hash of all the other columns (ledger/leaf.py).';

-- The erasures, few among many: found without reading everything.
CREATE INDEX erasures ON ledger.events (position) WHERE topic COLLATE "C" LIKE '%.SubjectErased@_';

-- The seal: one RFC 6962 tree over every leaf. `edge`: the roots of its perfect subtrees, left to right.
CREATE TABLE ledger.tree (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size     bigint  NOT NULL CHECK (size >= 0),
    edge     bytea   NOT NULL CHECK (octet_length(edge) % 32 = 0)
);
INSERT INTO ledger.tree (size, edge) VALUES (0, '');

-- Roots of the complete subtrees of 2^8, 2^16, 2^24… leaves, so that a proof reads little.
CREATE TABLE ledger.nodes (
    level smallint NOT NULL,
    index bigint   NOT NULL,
    hash  bytea    NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, index)
);

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
    RAISE EXCEPTION 'ledger.% is append-only (%)', TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.nodes
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_rewriting();

-- Takes the append lock for the session, then reads what a group of commands rests on: a statement begun after
-- the lock was had sees what its last holder committed. The plan is made once, whatever the arrays.
CREATE FUNCTION ledger.ground(records text[], events uuid[])
RETURNS TABLE (head bigint, now timestamptz, shift interval, size bigint, edge bytea, versions integer[], recorded uuid[])
LANGUAGE plpgsql SET lock_timeout = '5s' SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM pg_advisory_lock(7305001);
    RETURN QUERY
    SELECT coalesce(h.position, 0), greatest(clock_timestamp() + c.shift, h.recorded_at), c.shift,
           t.size, t.edge,
           ARRAY(SELECT coalesce((SELECT e.version FROM ledger.events e
                                  WHERE e.record_id = r.id ORDER BY e.version DESC LIMIT 1), 0)
                 FROM unnest(records) WITH ORDINALITY AS r(id, n) ORDER BY n),
           ARRAY(SELECT e.event_id FROM ledger.events e WHERE e.event_id = ANY(ground.events))
    FROM ledger.clock c CROSS JOIN ledger.tree t
    LEFT JOIN LATERAL (
        SELECT e.position, e.recorded_at FROM ledger.events e ORDER BY e.position DESC LIMIT 1
    ) h ON true;
END $$;

GRANT USAGE ON SCHEMA ledger TO mentorat_app, mentorat_projector;
GRANT SELECT, INSERT ON ledger.events, ledger.nodes TO mentorat_app;
GRANT SELECT, UPDATE ON ledger.tree TO mentorat_app;
GRANT SELECT, INSERT, DELETE ON ledger.claims TO mentorat_app;
GRANT SELECT ON ledger.clock, ledger.events TO mentorat_projector;
GRANT SELECT ON ledger.clock TO mentorat_app;
