"""The tables of the baselines: the columns and keys of the ledger, and answers ready to be sent."""

from __future__ import annotations

from typing import Final

EVENTS: Final = """
CREATE SCHEMA raw;
CREATE TABLE raw.events (LIKE ledger.events);
ALTER TABLE raw.events
    ALTER position ADD GENERATED ALWAYS AS IDENTITY, ADD PRIMARY KEY (position),
    ADD UNIQUE (event_id), ADD UNIQUE (record_id, version)"""
CONVENTIONS: Final = """
CREATE TABLE raw.conventions (id text COLLATE "C" PRIMARY KEY, shown text NOT NULL);
INSERT INTO raw.conventions SELECT id, shown::text FROM read.conventions;
ANALYZE raw.conventions"""
