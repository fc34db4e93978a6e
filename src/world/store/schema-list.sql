-- The list, in a file of its own: what is asked for every message, and nothing else. Numbers and keyed hashes only.
CREATE TABLE list.entry (                -- allowed and denied senders, domains and mailing lists
    key    BLOB    NOT NULL CHECK (length(key) = 16),
    kind   INTEGER NOT NULL,             -- 1 address, 2 domain, 3 mailing list, 4 subdomains of a domain
    effect INTEGER NOT NULL,             -- 1 allow, 2 deny
    pin    INTEGER NOT NULL,             -- proofs of which one must be there, as bits: 1 dmarc, 2 dkim, 4 spf
    origin INTEGER NOT NULL,             -- 1 manual, 2 confirmed, 3 released, 4 sent, 5 replied, 6 contact,
                                         -- 7 imported, 8 proposed, 9 subscribed, 10 manual without proof
    kid    INTEGER NOT NULL,             -- the list key under which `key` was made
    added  INTEGER NOT NULL,             -- seconds since 1970
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
