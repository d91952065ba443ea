-- The index that recall searches: the words of every turn, each written with the scope in which it was said (`17:word`),
-- so that a search reads nothing of what its audience may not hear. Written by storage/sqlite/recall.py.
CREATE VIRTUAL TABLE recall USING fts5 (
    place,                                  -- `scope#id of recall_places`
    words,
    tokenize = "ascii tokenchars ':#'",     -- words come folded and stemmed; all that is not ASCII is a letter
    detail = none,
    columnsize = 0
);

-- Where in a scope turns were said, and for whom alone, and how many of them stand in the index.
CREATE TABLE recall_places (
    id      INTEGER PRIMARY KEY,
    scope   INTEGER NOT NULL REFERENCES scopes (id),
    channel TEXT NOT NULL,
    user    TEXT NOT NULL,                  -- whose own conversation it is, where it is one person's
    turns   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (scope, channel, user)
) STRICT;

-- Turns whose words are still to be written into the index; the transaction that touches a turn does it at its end.
CREATE TABLE recall_due (
    turn INTEGER PRIMARY KEY
) STRICT;
INSERT INTO recall_due (turn) SELECT id FROM turns WHERE scope IS NOT NULL;

-- Whatever changes a turn takes its words out of the index at once.
CREATE TRIGGER recall_of_new_turn AFTER INSERT ON turns WHEN NEW.scope IS NOT NULL BEGIN
    INSERT INTO recall_due (turn) VALUES (NEW.id);
END;
CREATE TRIGGER recall_of_changed_turn AFTER UPDATE OF conversation, text, attachments, scope ON turns BEGIN
    UPDATE recall_places SET turns = turns - 1
    WHERE id = (SELECT CAST(substr(place, instr(place, '#') + 1) AS INTEGER) FROM recall WHERE rowid = OLD.id);
    DELETE FROM recall WHERE rowid = OLD.id;
    DELETE FROM recall_due WHERE turn = OLD.id;
    INSERT INTO recall_due (turn) SELECT NEW.id WHERE NEW.scope IS NOT NULL;
END;
CREATE TRIGGER recall_of_lost_turn AFTER DELETE ON turns BEGIN
    UPDATE recall_places SET turns = turns - 1
    WHERE id = (SELECT CAST(substr(place, instr(place, '#') + 1) AS INTEGER) FROM recall WHERE rowid = OLD.id);
    DELETE FROM recall WHERE rowid = OLD.id;
    DELETE FROM recall_due WHERE turn = OLD.id;
END;
