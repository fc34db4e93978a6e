-- Version 3: when the challenge for a held message went out. Seconds since 1970, 0 where nobody knows.
ALTER TABLE held ADD COLUMN slot INTEGER NOT NULL DEFAULT 0;    -- when its slot was taken, before sendmail began
ALTER TABLE held ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;    -- when sendmail had ended
