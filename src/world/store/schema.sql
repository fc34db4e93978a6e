-- Version 1. Every column is a number, an enumeration or a 16-byte keyed hash: no address is ever stored.
CREATE TABLE entry (                     -- the list of allowed and denied senders, domains and mailing lists
    key    BLOB    NOT NULL CHECK (length(key) = 16),
    kind   INTEGER NOT NULL,             -- 1 address, 2 domain, 3 mailing list
    effect INTEGER NOT NULL,             -- 1 allow, 2 deny
    pin    INTEGER NOT NULL,             -- proofs of which one must be there, as bits: 1 dmarc, 2 dkim, 4 spf
    origin INTEGER NOT NULL,             -- 1 manual, 2 confirmed, 3 released
    kid    INTEGER NOT NULL,             -- the list key under which `key` was made
    added  INTEGER NOT NULL,             -- seconds since 1970
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
CREATE TABLE held (                      -- one row a held message; the message itself is in the quarantine
    id         INTEGER NOT NULL,         -- 40 random bits, shown as ten hexadecimal digits
    message    BLOB    NOT NULL CHECK (length(message) = 16), -- of its bytes: names its file
    message_id BLOB    CHECK (length(message_id) = 16),
    sender     BLOB    CHECK (length(sender) = 16),
    proofs     INTEGER NOT NULL,
    reason     INTEGER NOT NULL,
    received   INTEGER NOT NULL,
    listed     INTEGER NOT NULL,         -- when a digest first showed it, 0 for not yet
    asked      INTEGER NOT NULL,         -- 0 nobody, 1 slot taken, 2 sent, 3 refused by sendmail, 4 unknown, 5 refused twice
    state      INTEGER NOT NULL,         -- 1 held, 2 released, 3 discarded, 4 expired, 5 gone without us
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TABLE challenge (                 -- when an address was last challenged, sub-addresses counted as one
    key BLOB    NOT NULL CHECK (length(key) = 16),
    at  INTEGER NOT NULL,
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
CREATE TABLE spent (                     -- tokens that were used; kept longer than any token lives
    held   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    answer BLOB    CHECK (length(answer) = 16), -- of the message that used it, so that its next attempt is known
    sender BLOB    CHECK (length(sender) = 16), -- of the address that it confirmed
    pin    INTEGER,                      -- with which proofs; all three empty where nobody was confirmed
    PRIMARY KEY (held)
) STRICT, WITHOUT ROWID;
CREATE TABLE decision (                  -- what became of messages that are not held: observed, discarded, answers
    at         INTEGER NOT NULL,
    number     INTEGER NOT NULL,         -- random, so that two in one second differ
    message_id BLOB    CHECK (length(message_id) = 16),
    sender     BLOB    CHECK (length(sender) = 16),
    verdict    INTEGER NOT NULL,         -- 1 pass, 2 hold, 3 challenge, 4 discard
    reason     INTEGER NOT NULL,
    PRIMARY KEY (at, number)
) STRICT, WITHOUT ROWID;
