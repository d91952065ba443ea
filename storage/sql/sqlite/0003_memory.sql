-- Who could read what when it was said (memory/types/talk.py, Access.scope), by small numbers that an index can hold.
CREATE TABLE scopes (
    id  INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO scopes (key)
SELECT DISTINCT platform || '/' || space FROM conversations
UNION
SELECT DISTINCT platform || '/' || space || '/' || channel FROM conversations
UNION
SELECT DISTINCT platform || '/' || space || '/' || channel || '/' || thread FROM conversations WHERE thread <> '';

ALTER TABLE turns ADD COLUMN scope INTEGER REFERENCES scopes (id);
-- What was private in a thread is held to be for that thread alone: it is not known any more who could read it.
UPDATE turns SET scope = (
    SELECT s.id FROM conversations c JOIN scopes s ON s.key = c.platform || '/' || c.space || CASE
        WHEN turns.visibility = 'public' THEN ''
        WHEN turns.visibility = 'direct' OR c.thread = '' THEN '/' || c.channel
        ELSE '/' || c.channel || '/' || c.thread
    END
    WHERE c.id = turns.conversation
);

-- What the platforms say of channels as they are now: who can read them, and the name that people see.
CREATE TABLE channels (
    platform   TEXT NOT NULL,
    space      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    name       TEXT NOT NULL,
    open       INTEGER NOT NULL,            -- everyone of the space can read it
    restricted INTEGER NOT NULL,            -- marked as for adults
    PRIMARY KEY (platform, space, channel)
) STRICT, WITHOUT ROWID;
-- Those that the bot must not quote elsewhere are few.
CREATE INDEX channels_closed ON channels (platform, space) WHERE open = 0 OR restricted = 1;

-- What people said about themselves: every statement, of which the newest of a slot holds while its message stands.
CREATE TABLE facts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    platform     TEXT NOT NULL,
    space        TEXT NOT NULL,
    channel      TEXT NOT NULL,
    thread       TEXT NOT NULL,
    user         TEXT NOT NULL,
    name         TEXT NOT NULL,
    number       INTEGER NOT NULL,          -- the person's own count; a corrected fact keeps its number
    slot         TEXT NOT NULL,
    value        TEXT NOT NULL,
    quote        TEXT NOT NULL,
    conversation INTEGER REFERENCES conversations (id),
    message_id   TEXT NOT NULL,
    said_at      INTEGER NOT NULL,
    visibility   TEXT NOT NULL,
    enclosed     INTEGER NOT NULL,
    restricted   INTEGER NOT NULL,
    shared       INTEGER NOT NULL,
    scope        INTEGER NOT NULL REFERENCES scopes (id),
    UNIQUE (platform, space, channel, message_id, user, slot)
) STRICT;
CREATE INDEX facts_of_user ON facts (platform, user, scope);

-- The facts that stand in a conversation's prompts since its last fold, by id: JSON. Kept with the summary's version.
ALTER TABLE summaries ADD COLUMN facts TEXT;

-- Which turns, of this or other conversations, were recalled into the prompt that an answer was made from.
CREATE TABLE sources (
    answer INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    turn   INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    PRIMARY KEY (answer, turn)
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_of_turn ON sources (turn);

-- Up to which turn a conversation was read for facts, and whether people have said something since.
ALTER TABLE conversations ADD COLUMN read_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conversations_unread ON conversations (id) WHERE unread = 1;

-- Who could read a conversation when something was last said in it: JSON [visibility, enclosed, restricted, shared].
ALTER TABLE conversations ADD COLUMN access TEXT;

-- Who could read the place of a message that waits, beside its visibility: JSON [enclosed, restricted, shared, guest].
ALTER TABLE inbox ADD COLUMN access TEXT;
