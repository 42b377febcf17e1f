-- Which keyring is this ledger's own: noted by the owner before anything is sealed (ledger/keyring_own.py).
CREATE TABLE ledger.keyring (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    identity bytea
);
INSERT INTO ledger.keyring DEFAULT VALUES;
GRANT SELECT ON ledger.keyring TO mentorat_app;
