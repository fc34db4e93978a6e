-- Version 5: what may be taken back, and which clock is believed.
ALTER TABLE opted_out ADD COLUMN in_words INTEGER NOT NULL DEFAULT 0; -- 1 where it was said in ordinary words
ALTER TABLE held ADD COLUMN counts INTEGER NOT NULL DEFAULT 0; -- from when its time counts, 0 from when it was received
CREATE TABLE clock (                     -- one row: the machine's time when `maintain` last accepted it, 0 for never
    one INTEGER NOT NULL CHECK (one = 1),
    at  INTEGER NOT NULL,                -- seconds since 1970
    PRIMARY KEY (one)
) STRICT, WITHOUT ROWID;
INSERT INTO clock VALUES (1, 0);
