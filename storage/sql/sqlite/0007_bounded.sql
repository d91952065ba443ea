-- Which conversations' prompts a fact stood in from a fold on: where it goes, what the bot said there is looked through.
CREATE TABLE facts_shown (
    fact         INTEGER NOT NULL REFERENCES facts (id) ON DELETE CASCADE,
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    PRIMARY KEY (fact, conversation)
) STRICT, WITHOUT ROWID;
INSERT INTO facts_shown (fact, conversation)
    SELECT DISTINCT f.id, s.conversation FROM summaries s JOIN json_each(s.facts) shown JOIN facts f ON f.id = shown.value;

-- Tombstones are looked through by every forgetting in their conversation; what was settled there is not.
CREATE INDEX inbox_forgotten ON inbox (conversation) WHERE state = 'forgotten';

-- A search reads the places that somebody hears, however many other people have conversations of their own.
CREATE INDEX recall_places_of_user ON recall_places (scope, user);

-- A scrub that is done leaves no row.
DELETE FROM scrubs WHERE done_at IS NOT NULL;
ALTER TABLE scrubs DROP COLUMN done_at;
