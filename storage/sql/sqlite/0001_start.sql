-- Times are microseconds since 1970 in UTC. Tokens are counted once, when a turn is stored.

CREATE TABLE conversations (
    id         INTEGER PRIMARY KEY,
    platform   TEXT NOT NULL,
    space      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    thread     TEXT NOT NULL,
    user       TEXT NOT NULL,
    epoch      INTEGER NOT NULL DEFAULT 0,  -- moved by every forgetting: a turn that began before it writes nothing
    joined     INTEGER NOT NULL DEFAULT 0,  -- the bot has spoken here
    UNIQUE (platform, space, channel, thread, user)
) STRICT;

-- What was received, once each. A settled row stays as a tombstone without its words, so that nothing is taken in twice.
CREATE TABLE inbox (
    id           INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    platform     TEXT NOT NULL,
    space        TEXT NOT NULL,
    channel      TEXT NOT NULL,
    thread       TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    author       TEXT NOT NULL,
    author_name  TEXT NOT NULL,
    text         TEXT NOT NULL,
    extras       TEXT,                      -- JSON: attachments, mentions, the message replied to
    sent_at      INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    addressed    INTEGER NOT NULL,
    aside        INTEGER NOT NULL,
    visibility   TEXT NOT NULL,
    private      INTEGER NOT NULL,          -- the answer is for the author alone
    decision     TEXT NOT NULL CHECK (decision IN ('answer', 'remember', 'command')),
    answer       INTEGER,                   -- the turn of the bot that answers it
    state        TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'settled', 'forgotten')),
    UNIQUE (platform, space, channel, message_id)
) STRICT;
CREATE INDEX inbox_waiting ON inbox (conversation, sent_at) WHERE state = 'waiting';

-- Which message of the platform holds which part of the reply to a received message.
CREATE TABLE posts (
    inbox      INTEGER NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    part       INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (inbox, part)
) STRICT, WITHOUT ROWID;

-- What a conversation holds. Ids rise along the transcript and are never used again.
CREATE TABLE turns (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation  INTEGER NOT NULL REFERENCES conversations (id),
    role          TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    author        TEXT NOT NULL,            -- empty for the bot
    author_name   TEXT NOT NULL,
    answers       TEXT NOT NULL DEFAULT '', -- the author whom a turn of the bot answers
    text          TEXT NOT NULL,
    tokens        INTEGER NOT NULL,
    sent_at       INTEGER NOT NULL,
    message_id    TEXT NOT NULL,
    visibility    TEXT NOT NULL,            -- of the place when this was said
    attachments   TEXT,                     -- JSON
    quote         TEXT,                     -- JSON
    quote_author  TEXT,
    quote_message TEXT,
    UNIQUE (conversation, message_id)
) STRICT;
CREATE INDEX turns_in_order ON turns (conversation, id);

-- Every version of a rolling summary: when a turn that one was made from goes, the last version from before it stands again.
CREATE TABLE summaries (
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    version      INTEGER NOT NULL,
    through      INTEGER NOT NULL,          -- the last turn that it covers
    text         TEXT NOT NULL,
    tokens       INTEGER NOT NULL,
    made_at      INTEGER NOT NULL,
    PRIMARY KEY (conversation, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
    id                INTEGER PRIMARY KEY,
    at                INTEGER NOT NULL,
    conversation      INTEGER NOT NULL REFERENCES conversations (id),
    author            TEXT NOT NULL,
    purpose           TEXT NOT NULL CHECK (purpose IN ('reply', 'fold')),
    model             TEXT NOT NULL,
    prompt_tokens     INTEGER NOT NULL,     -- as the server reported them; 0 where it reports nothing
    cached_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    counted           INTEGER NOT NULL,     -- the same prompt, counted here
    seconds           REAL NOT NULL
) STRICT;

-- Nothing older than a watermark is ever taken in again: of a whole place, or of one user there.
CREATE TABLE watermarks (
    platform TEXT NOT NULL,
    space    TEXT NOT NULL,
    channel  TEXT NOT NULL,
    thread   TEXT NOT NULL,                 -- empty: the channel and every thread under it
    user     TEXT NOT NULL,                 -- empty: everybody
    at       INTEGER NOT NULL,
    PRIMARY KEY (platform, space, channel, thread, user)
) STRICT, WITHOUT ROWID;

-- What was forgotten is gone from the tables at once; a row without done_at says that the file itself has still to be cleaned.
CREATE TABLE scrubs (
    id       INTEGER PRIMARY KEY,
    asked_at INTEGER NOT NULL,
    done_at  INTEGER
) STRICT;
