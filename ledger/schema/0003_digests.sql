-- By what somebody was ever recognised: found without reading every event (ledger/postgres.py).
CREATE INDEX digests ON ledger.events
    USING gin ((ARRAY[state::jsonb #>> '{digests,email_digest}', state::jsonb #>> '{digests,name_digest}', state::jsonb #>> '{digests,siret_digest}']))
    WITH (fastupdate = off)
    WHERE state LIKE '%"digests":%';
