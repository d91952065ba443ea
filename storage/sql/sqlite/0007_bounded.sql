-- Which conversations' prompts a fact stood in, from a fold on or because he spoke there of whom it is and whose turns
-- are gone from there: where it goes, what the bot said there is looked through.
CREATE TABLE facts_shown (
    fact         INTEGER NOT NULL REFERENCES facts (id) ON DELETE CASCADE,
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    PRIMARY KEY (fact, conversation)
) STRICT, WITHOUT ROWID;
INSERT INTO facts_shown (fact, conversation)
    SELECT DISTINCT f.id, s.conversation FROM summaries s JOIN json_each(s.facts) shown JOIN facts f ON f.id = shown.value
    UNION SELECT f.id, c.id FROM (SELECT DISTINCT conversation, author FROM inbox WHERE state = 'settled') said
    JOIN conversations c ON c.id = said.conversation
    JOIN facts f INDEXED BY facts_of_user ON f.platform = c.platform AND f.space = c.space AND f.user = said.author;

-- The newest turn that is older than a statement: what the bot said before it knew nothing of it, whatever the clocks say.
ALTER TABLE facts ADD COLUMN said_after INTEGER NOT NULL DEFAULT 0;

-- The message of such an answer, by which the archive holds it; empty where it expired before this was kept.
ALTER TABLE sources_folded ADD COLUMN answer_message TEXT NOT NULL DEFAULT '';

-- Tombstones are looked through by every forgetting in their conversation; what was settled there is not.
CREATE INDEX inbox_forgotten ON inbox (conversation) WHERE state = 'forgotten';

-- A search reads the places that somebody hears, however many other people have conversations of their own.
CREATE INDEX recall_places_of_user ON recall_places (scope, user);

-- A scrub that is done leaves no row.
DELETE FROM scrubs WHERE done_at IS NOT NULL;
ALTER TABLE scrubs DROP COLUMN done_at;

-- When a message was last edited, where that is known: an older edit that is delivered again changes nothing.
ALTER TABLE inbox ADD COLUMN edited_at INTEGER;
