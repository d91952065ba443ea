-- Originals that stand in the monthly files of the archive, by their keys alone: what was forgotten is found there too.
CREATE TABLE archived (
    conversation  INTEGER NOT NULL REFERENCES conversations (id),
    message_id    TEXT NOT NULL,
    author        TEXT NOT NULL,               -- empty for the bot
    answers       TEXT NOT NULL,               -- the author whom a turn of the bot answers
    quote_author  TEXT,
    quote_message TEXT,
    month         INTEGER NOT NULL,            -- of its file: 202611
    gone          INTEGER NOT NULL DEFAULT 0,  -- 1: the file is still to lose it, 2: its quotation alone
    PRIMARY KEY (conversation, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX archived_by_message ON archived (message_id);
CREATE INDEX archived_quoting ON archived (quote_message) WHERE quote_message IS NOT NULL;
CREATE INDEX archived_gone ON archived (month) WHERE gone <> 0;

-- When the newest turn was sent that a summary covers, kept when that turn is purged.
ALTER TABLE summaries ADD COLUMN covers_to INTEGER;

-- Where a person has spoken is looked up, and so are the commands of a conversation, and what is buried with posts.
CREATE INDEX turns_of_author ON turns (author) WHERE author <> '';
CREATE INDEX inbox_commands ON inbox (conversation) WHERE decision = 'command';
