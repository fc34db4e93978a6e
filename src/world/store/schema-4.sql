-- Version 4: the list moves into a file of its own, and what is asked for a message is found without reading all rows.
-- In `held`, `asked` 1 stands for a challenge that sendmail took, unless something else is known.
INSERT OR IGNORE INTO list.entry SELECT key, kind, effect, pin, origin, kid, added FROM main.entry;
DROP TABLE main.entry;
CREATE INDEX held_sender ON held (sender);
CREATE INDEX held_message ON held (message);
CREATE INDEX held_message_id ON held (message_id);
CREATE INDEX held_asked ON held (asked, received);
CREATE INDEX challenge_at ON challenge (at);
CREATE INDEX alike_at ON alike (at);
CREATE INDEX alike_shape ON alike (shape, at);
