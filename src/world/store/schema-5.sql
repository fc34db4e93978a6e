-- Version 5: what may be taken back.
ALTER TABLE opted_out ADD COLUMN in_words INTEGER NOT NULL DEFAULT 0; -- 1 where it was said in ordinary words
