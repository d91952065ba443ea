-- What a crash can interrupt: replies that are decided but not known to stand in full, attempts that end in a death.
ALTER TABLE inbox ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;  -- how often a run took it up again and died
ALTER TABLE inbox ADD COLUMN together INTEGER NOT NULL DEFAULT 0;  -- the message whose reply answers this one too
ALTER TABLE inbox ADD COLUMN unsaid   INTEGER NOT NULL DEFAULT 0;  -- settled, but its reply may not stand in full
ALTER TABLE inbox ADD COLUMN sentence TEXT NOT NULL DEFAULT '';    -- what is said where no turn is the reply
CREATE INDEX inbox_unsaid ON inbox (platform) WHERE unsaid = 1;

-- What an edit, a deletion or a purge concerns is looked up, however much there is.
CREATE INDEX inbox_of_conversation ON inbox (conversation);
CREATE INDEX posts_by_message ON posts (message_id);
CREATE INDEX turns_by_message ON turns (message_id);
CREATE INDEX turns_by_time ON turns (sent_at);
CREATE INDEX turns_quoting ON turns (quote_message) WHERE quote_message IS NOT NULL;

-- Since when the bot has a part in a place: when the first message that it answers there was sent.
ALTER TABLE conversations ADD COLUMN joined_at INTEGER;
UPDATE conversations SET joined_at = 0 WHERE joined = 1;
ALTER TABLE conversations DROP COLUMN joined;

-- Until when everything that a platform sent was received.
CREATE TABLE heartbeats (
    platform TEXT PRIMARY KEY,
    alive_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens taken a day (days since 1970, UTC), added up beside `usage` so that a limit is looked up and not summed.
CREATE TABLE spending (
    day    INTEGER NOT NULL,
    scope  TEXT NOT NULL CHECK (scope IN ('user', 'space', 'all')),
    key    TEXT NOT NULL,                   -- platform:user, platform:space, or nothing for all
    tokens INTEGER NOT NULL DEFAULT 0,
    lifted INTEGER NOT NULL DEFAULT 0,      -- an admin lifted the limit for that day
    PRIMARY KEY (day, scope, key)
) STRICT, WITHOUT ROWID;
