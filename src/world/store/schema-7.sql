-- Version 7: how often a held message was looked at by DNS.
ALTER TABLE held ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
