-- Version 2: who wants no challenge any more, and what recent messages look like. Still only numbers and keyed hashes.
-- In `held`, `asked` may also be 6: the challenge came back as undeliverable.
CREATE TABLE opted_out (                 -- mailboxes that said "this was not me", sub-addresses counted as one
    key BLOB    NOT NULL CHECK (length(key) = 16),
    at  INTEGER NOT NULL,                -- seconds since 1970
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
CREATE TABLE alike (                     -- when a sender last wrote a message of that shape
    shape  BLOB    NOT NULL CHECK (length(shape) = 16),
    sender BLOB    NOT NULL CHECK (length(sender) = 16),
    at     INTEGER NOT NULL,
    PRIMARY KEY (shape, sender)
) STRICT, WITHOUT ROWID;
