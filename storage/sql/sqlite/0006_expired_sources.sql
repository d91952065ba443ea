-- Of turns that have expired: which answers their words went into, so that these go when the turns are forgotten.
CREATE TABLE sources_expired (
    answer       INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    conversation INTEGER NOT NULL REFERENCES conversations (id),  -- where the turn stood
    message_id   TEXT NOT NULL,
    author       TEXT NOT NULL,             -- whose words it held: of a turn of the bot, whom it answered
    PRIMARY KEY (answer, conversation, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_expired_of_turn ON sources_expired (conversation, message_id);
CREATE INDEX sources_expired_of_author ON sources_expired (author);

-- And where such an answer has expired too: the summaries that may have been made from it.
CREATE TABLE sources_folded (
    stood        INTEGER NOT NULL REFERENCES conversations (id),  -- where the answer stood
    answer       INTEGER NOT NULL,          -- its id: summaries that reach it
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    message_id   TEXT NOT NULL,
    author       TEXT NOT NULL,
    PRIMARY KEY (stood, answer, conversation, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_folded_of_turn ON sources_folded (conversation, message_id);
CREATE INDEX sources_folded_of_author ON sources_folded (author);
