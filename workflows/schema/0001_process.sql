-- What the relay and the sweeper remember, and what could not be done. Nothing here is a fact of a record:
-- emptied, it is made again from the ledger.
CREATE SCHEMA process;

CREATE TABLE process.tracking (
    name     text        PRIMARY KEY,
    position bigint      NOT NULL DEFAULT 0,
    at       timestamptz NOT NULL
);
COMMENT ON TABLE process.tracking IS
    'relay: every event up to position has been passed on. sweeper: domain time of the last whole sweep.';

-- An event that cannot be passed on (position), or a step that a process cannot carry out (step).
CREATE TABLE process.dead_letters (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_id text        COLLATE "C" NOT NULL,
    position  bigint,
    step      text        COLLATE "C",
    reason    text        NOT NULL,
    times     integer     NOT NULL DEFAULT 1,
    first_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled   text        CHECK (settled IN ('replayed', 'discarded'))
);
CREATE UNIQUE INDEX dead_letters_open ON process.dead_letters
    (record_id, coalesce(position, 0), coalesce(step, '')) WHERE settled IS NULL;

GRANT USAGE ON SCHEMA process TO mentorat_app;
GRANT SELECT, INSERT, UPDATE ON process.tracking, process.dead_letters TO mentorat_app;
