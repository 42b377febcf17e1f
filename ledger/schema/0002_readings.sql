-- The reading log: who was shown whose personal data, when, for what. Apart from the events, for 12 months.
CREATE SCHEMA privacy;

CREATE TABLE privacy.readings (
    number  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    reader  text        COLLATE "C" NOT NULL,
    role    text        COLLATE "C" NOT NULL,
    subject text        COLLATE "C" NOT NULL,
    purpose text        NOT NULL CHECK (length(purpose) BETWEEN 1 AND 300)
);
CREATE INDEX readings_at ON privacy.readings (at);
CREATE INDEX readings_subject ON privacy.readings (subject, number);
CREATE INDEX readings_reader ON privacy.readings (reader, number);
COMMENT ON COLUMN privacy.readings.at IS 'The server''s own time, whatever domain time is.';
COMMENT ON COLUMN privacy.readings.subject IS 'The record whose data were shown: an id, never a name.';

-- The one way out of the log. Twelve months are written here, so that nobody can ask for less.
CREATE FUNCTION privacy.purge_readings() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM privacy.readings WHERE at < clock_timestamp() - interval '12 months' RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

-- An entry is written with the database's own number and time.
GRANT USAGE ON SCHEMA privacy TO mentorat_app;
GRANT SELECT, INSERT (reader, role, subject, purpose) ON privacy.readings TO mentorat_app;
REVOKE ALL ON FUNCTION privacy.purge_readings() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION privacy.purge_readings() TO mentorat_app;
