-- Version 6: what the user sent, so that an answer is known; what was read of it; how often a proof was seen.
CREATE TABLE sent (                      -- Message-IDs, and Subjects of posts to private lists
    key    BLOB    NOT NULL CHECK (length(key) = 16),
    at     INTEGER NOT NULL,             -- seconds since 1970
    public INTEGER NOT NULL,             -- 1 where everybody may know it
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
CREATE TABLE read_file (                 -- files of sent mail and address books that need not be read again
    key     BLOB    NOT NULL CHECK (length(key) = 16), -- of its path
    size    INTEGER NOT NULL,            -- bytes
    changed INTEGER NOT NULL,            -- nanoseconds since 1970
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
CREATE TABLE proven (                    -- of allowed senders without a pin: how many of their messages carried a proof
    key   BLOB    NOT NULL CHECK (length(key) = 16),
    dmarc INTEGER NOT NULL,
    dkim  INTEGER NOT NULL,
    at    INTEGER NOT NULL,              -- of the last one, seconds since 1970
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
