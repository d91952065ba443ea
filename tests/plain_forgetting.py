"""Forgetting in plain Python, over a `PlainStore`: what goes, and what of it may not come back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from memory.types import Decision, Extent, Forgetting, Place, Quote
from tests.plain_store import Held, Line, PlainStore, Row, Statement, lies_in, same_space


@dataclass
class Loss:
    """What a conversation loses; `first` is the first line that held any of it, None where none did."""

    place: Place
    lines: list[Line]
    waiting: list[Row]
    first: int | None
    summaries: int = 0

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.lines or self.waiting or self.summaries)


def forget(store: PlainStore, forgetting: Forgetting) -> tuple[Extent, set[Place], list[Row]]:
    """Forget; return how much went, the places that lost anything, be it a quotation, and what was being answered."""
    store.note_said()
    losses = {
        place: _find_loss(store, place, forgetting) for place in store.held if _concerns(store, place, forgetting)
    }
    within = set(losses)
    for place, deletion in _deletions(store, losses, forgetting).items():
        losses[place] = _find_loss(store, place, deletion)
    facts = [fact for fact in store.facts if _states(fact, losses, forgetting)]
    _lose_quoting_expired(store, losses, forgetting)
    spread(store, losses, facts)
    for row in store.rows.values():
        if not set(row.posts.values()).isdisjoint(forgetting.messages or ()) and _in_channel(row.place, forgetting):
            row.unsaid, row.sentence = False, ""
    begun = [row for loss in losses.values() for row in loss.waiting if row.posts]
    touched = to_start_again(store, losses.values(), facts)
    gone = {replace(forgetting.place, thread=""): set(forgetting.messages or ())}
    for loss in losses.values():
        if forgetting.user or forgetting.last or forgetting.messages:
            store.note_shown(loss.lines, loss.place)
        about = forgetting if loss.place in within else Forgetting(loss.place, forgetting.at, last=1)
        gone.setdefault(replace(loss.place, thread=""), set()).update(take_away(store, loss, about))
    touched |= {loss.place for loss in losses.values() if loss}
    touched |= take_quotes(store, within, forgetting.user, gone)
    take_facts(store, facts)
    store.move_epochs(touched)
    if not (forgetting.last or forgetting.messages):
        store.watermarks.append(forgetting)
    store.scrub_due |= bool(touched or facts)
    traces = store.spenders.pop(forgetting.user, 0) if forgetting.everywhere else 0
    store.scrub_due |= traces > 0
    return replace(extent_of(losses.values(), facts), traces=traces), touched, begun


def extent_of(losses: Collection[Loss], facts: Collection[Statement]) -> Extent:
    """How much that is."""
    return Extent(
        sum(len(loss.lines) for loss in losses),
        sum(loss.summaries for loss in losses),
        sum(len(loss.waiting) for loss in losses),
        sum(1 for loss in losses if loss),
        len(facts),
    )


def _states(fact: Statement, losses: Mapping[Place, Loss], forgetting: Forgetting) -> bool:
    """Whether a fact goes: it was said there, or by him there, or in one of the messages."""
    if forgetting.messages:
        return fact.message_id in forgetting.messages and _in_channel(fact.place, forgetting)
    if forgetting.last:
        return any(line.message_id == fact.message_id for loss in losses.values() for line in loss.lines)
    there = forgetting.everywhere or lies_in(fact.place, forgetting.place)
    return there and forgetting.user in ("", fact.user)


def _lose_quoting_expired(store: PlainStore, losses: dict[Place, Loss], forgetting: Forgetting) -> None:
    """Lose what was made with lines that have expired and are forgotten now, what repeats it, and summaries of it."""
    places = {line: place for place, held in store.held.items() for line in held.lines} | store.expired

    def matches(line: Line) -> bool:
        place = places.get(line)
        if place is None or forgetting.last:
            return False
        if forgetting.messages:
            return line.message_id in forgetting.messages and _in_channel(place, forgetting)
        there = forgetting.everywhere or lies_in(place, forgetting.place)
        return there and forgetting.user in ("", line.author or line.answers)

    def sources(line: Line) -> set[Line]:
        """What an expired line holds words of besides its own."""
        below = {further for one in line.recalled if one in store.expired for further in sources(one)}
        return {*line.recalled, *below}

    for place, held in store.held.items():
        quoting = [
            line
            for line in held.lines
            if any(matches(x) for one in line.recalled if one in store.expired for x in (one, *sources(one)))
        ]
        if quoting:
            loss = losses.setdefault(place, Loss(place, [], [], None))
            _lose(store, loss, quoting)
            words = _not_kept(held, loss, [line.text for line in quoting])
            _lose(store, loss, find_echoes(held.lines, words, quoting[0].number))
    for line, place in store.expired.items():
        for source in sources(line):
            if matches(source) and (line, source) not in store.cleared:
                loss = losses.setdefault(place, Loss(place, [], [], None))
                loss.first = min(line.number, line.number if loss.first is None else loss.first)
                store.cleared.add((line, source))


def _not_kept(held: Held, loss: Loss, texts: Sequence[str]) -> list[str]:
    """The words of texts that no other person keeps in a conversation."""
    kept = {word for line in held.lines if line.author and line not in loss.lines for word in line.text.split()}
    return [word for text in texts for word in text.split() if word not in kept]


def take_facts(store: PlainStore, facts: Collection[Statement]) -> None:
    """Take facts away; what commands are to be told there may show them."""
    store.take_facts(facts)
    for row in store.rows.values():
        if row.is_command and row.unsaid and any(same_space(row.place, fact.place) for fact in facts):
            row.sentence = ""


def spread(store: PlainStore, losses: dict[Place, Loss], facts: Collection[Statement]) -> None:
    """Lose what the bot said with lost lines or facts in its prompt, and repeats; and what was made of that."""
    new = {line for loss in losses.values() for line in loss.lines}
    for place in store.held:
        for user in {fact.user for fact in facts}:
            told = [fact for fact in facts if fact.user == user and place in store.told_of(fact)]
            if told:
                since = min(fact.after for fact in facts if fact.user == user and same_space(place, fact.place))
                later = [line for line in store.held[place].lines if line.number > since]
                loss = losses.setdefault(place, Loss(place, [], [], None))
                new |= _lose(store, loss, find_echoes(later, [fact.text for fact in told], 0))
    while new:
        lost, new = new, set()
        for place, held in store.held.items():
            made = [line for line in held.lines if not lost.isdisjoint(line.recalled)]
            if not made:
                continue
            loss = losses.setdefault(place, Loss(place, [], [], None))
            words = _not_kept(held, loss, [source.text for line in made for source in line.recalled if source in lost])
            if found := _lose(store, loss, find_echoes(made, words, 0)):
                first = min(line.number for line in found)
                new |= found | _lose(store, loss, find_echoes(held.lines, words, first))
    for loss in losses.values():
        held = store.held[loss.place]
        loss.summaries = 0 if loss.first is None else sum(1 for each in held.summaries if each.through >= loss.first)


def _lose(store: PlainStore, loss: Loss, lines: Sequence[Line]) -> set[Line]:
    """Lose further lines; return those that were not lost yet."""
    further = {line for line in lines if line not in loss.lines}
    loss.lines = [line for line in store.held[loss.place].lines if line in loss.lines or line in further]
    if further:
        loss.first = min({line.number for line in further} | ({loss.first} if loss.first is not None else set()))
    return further


def to_start_again(store: PlainStore, losses: Collection[Loss], facts: Collection[Statement]) -> set[Place]:
    """Where an answer or a fold may be under way that was told what is gone; all that is said here is public."""
    spaces = [loss.place for loss in losses if loss.lines] + [fact.place for fact in facts]
    found = {
        row.place
        for row in store.rows.values()
        if row.state == "waiting"
        and row.decision is Decision.ANSWER
        and any(same_space(row.place, place) for place in spaces)
    }
    return found.union(*(store.told_of(fact) for fact in facts))


def is_of_channel(place: Place, other: Place) -> bool:
    """Whether two places are a channel and threads under it."""
    return replace(place, thread="") == replace(other, thread="")


def _in_channel(place: Place, forgetting: Forgetting) -> bool:
    return is_of_channel(place, forgetting.place)


def _concerns(store: PlainStore, place: Place, forgetting: Forgetting) -> bool:
    if forgetting.everywhere:
        return place.platform == forgetting.place.platform and _holds_anything_of(store, place, forgetting.user)
    if not forgetting.messages:
        return place == forgetting.place or (not forgetting.last and lies_in(place, forgetting.place))
    known = {line.message_id for line in store.held[place].lines if line.author}
    known |= {line.quote.message_id for line in store.held[place].lines if line.quote}
    for row in store.at(place):
        known |= set(row.posts.values()) | ({row.inbound.message_id} if row.state != "forgotten" else set())
    return _in_channel(place, forgetting) and not known.isdisjoint(forgetting.messages)


def _holds_anything_of(store: PlainStore, place: Place, user: str) -> bool:
    quotes = [line.quote for line in store.held[place].lines]
    quotes += [row.inbound.reply_to for row in store.at(place) if row.state == "waiting"]
    return (
        any(user in (line.author, line.answers) for line in store.held[place].lines)
        or any(row.inbound.author == user for row in store.at(place))
        or any(quote.author == user for quote in quotes if quote)
    )


def _find_loss(store: PlainStore, place: Place, forgetting: Forgetting) -> Loss:
    held = store.held[place]
    waiting = [row for row in store.pending(place) if row.inbound.sent_at <= forgetting.at]
    if forgetting.last:
        waiting = waiting[-forgetting.last :]
        lines = _newest(held.lines, waiting, forgetting)
        first = min((line.number for line in lines), default=None)
    elif forgetting.user:
        waiting = [row for row in waiting if row.inbound.author == forgetting.user]
        lines, first = _made_from(store, place, forgetting.user)
    elif forgetting.messages:
        waiting = [row for row in store.pending(place) if row.inbound.message_id in forgetting.messages]
        lines, first = _deleted(store, place, forgetting.messages)
    else:
        lines, first = held.lines, 0
    return Loss(place, list(lines), waiting, first)


def _deletions(store: PlainStore, losses: Mapping[Place, Loss], forgetting: Forgetting) -> dict[Place, Forgetting]:
    """How the last messages of a place go elsewhere in its channel: as if they were deleted there."""
    found: dict[Place, Forgetting] = {}
    for loss in losses.values() if forgetting.last else ():
        gone = set[str]().union(*_gone_with(store, loss))
        if gone:
            deletion = replace(forgetting, last=0, messages=tuple(gone))
            found |= {
                place: deletion for place in store.held if _concerns(store, place, deletion) if place != loss.place
            }
    return found


def _newest(lines: Sequence[Line], waiting: Sequence[Row], forgetting: Forgetting) -> list[Line]:
    """The last lines before the first that was sent later, and those that waiting messages have already."""
    ids = {row.inbound.message_id for row in waiting}
    later = min((line.number for line in lines if line.author and line.sent_at > forgetting.at), default=None)
    before = [line for line in lines if later is None or line.number < later]
    newest = [line for line in before[-forgetting.last :] if line.message_id not in ids]
    room = forgetting.last - len(waiting)
    return [line for line in lines if line.message_id in ids] + (newest[-room:] if room else [])


def _made_from(store: PlainStore, place: Place, user: str) -> tuple[list[Line], int | None]:
    """A person's lines, the answers to him, what repeats him; and the first line that held any of his words."""
    lines = store.held[place].lines
    own = [line for line in lines if line.author == user]
    quoting = [line for line in lines if line.quote and line.quote.author == user]
    answers = [line for line in lines if line.answers == user]
    ids = {line.message_id for line in lines}
    expired = any(
        row.state == "settled"
        and not row.is_command
        and row.inbound.author == user
        and row.inbound.message_id not in ids
        for row in store.at(place)
    )
    first = 0 if expired else min((line.number for line in own + quoting + answers), default=None)
    words = [line.text for line in own] + [line.quote.text for line in quoting if line.quote]
    return _in_order(own + answers + find_echoes(lines, words, first or 0)), first


def _deleted(store: PlainStore, place: Place, messages: Sequence[str]) -> tuple[list[Line], int | None]:
    """The lines of deleted messages, the answers of which a post was deleted, and what repeats the former.

    And the first line that held any of that, or quoted it.
    """
    lines = store.held[place].lines
    own = [line for line in lines if line.author and line.message_id in messages]
    quoting = [line for line in lines if line.quote and line.quote.message_id in messages]
    posts = {post for row in store.rows.values() if is_of_channel(row.place, place) for post in row.posts.values()}
    words = [line.text for line in own]
    words += [line.quote.text for line in quoting if line.quote and line.quote.message_id not in posts]
    answers = [
        row.answer
        for row in store.at(place)
        if row.answer and store.answered(row) and not set(row.posts.values()).isdisjoint(messages)
    ]
    first = min((line.number for line in own + quoting), default=0)
    gone = _in_order(own + answers + find_echoes(lines, words, first))
    return gone, min((line.number for line in gone + quoting), default=None)


def find_echoes(lines: Sequence[Line], texts: Sequence[str], first: int) -> list[Line]:
    """The lines of the bot after one that repeat a word of texts."""
    words = {word for text in texts for word in text.split()}
    return [line for line in lines if not line.author and line.number > first and words & set(line.text.split())]


def _in_order(lines: Sequence[Line]) -> list[Line]:
    return sorted(set(lines), key=lambda line: line.number)


def take_away(store: PlainStore, loss: Loss, forgetting: Forgetting) -> set[str]:
    """Take a loss away and bury it; return the ids of the messages and posts that are gone with it."""
    held = store.held[loss.place]
    said, showing = _gone_with(store, loss)
    held.lines = [line for line in held.lines if line not in loss.lines]
    if loss.first is not None:
        held.drop_summaries(loss.first)
    for row in store.at(loss.place):
        _bury(row, forgetting, said)
        if row.is_command and row.unsaid and (said or showing):
            row.sentence = ""
        if row.state == "forgotten" and not store.answered(row):
            row.unsaid &= bool(row.posts)
            if not row.unsaid:
                row.posts.clear()
    store.buried_posts |= showing
    return said | showing


def _gone_with(store: PlainStore, loss: Loss) -> tuple[set[str], set[str]]:
    """The messages that go with a loss, and the posts that may show any of it."""
    said = {line.message_id for line in loss.lines} | {row.inbound.message_id for row in loss.waiting}
    showing: set[str] = set()
    for row in store.at(loss.place):
        if loss and (row.is_command or row in loss.waiting or (row.answer and row.answer in loss.lines)):
            showing |= set(row.posts.values())
    return said, showing


def _bury(row: Row, forgetting: Forgetting, said: set[str]) -> None:
    if row.is_command and row.state == "waiting":
        return
    under_watermark = (
        not (forgetting.last or forgetting.messages)
        and row.inbound.sent_at <= forgetting.at
        and forgetting.user in ("", row.inbound.author)
    )
    if under_watermark or row.inbound.message_id in said.union(forgetting.messages or ()):
        row.unsaid |= row.state == "waiting"
        row.state, row.sentence = "forgotten", ""
        row.inbound = replace(row.inbound, author="", text="", reply_to=None)


def take_quotes(store: PlainStore, within: set[Place], user: str, gone: Mapping[Place, set[str]]) -> set[Place]:
    """Take quotations out, of what is gone of their channel and of a person's words; return where there were any."""
    touched: set[Place] = set()

    def is_gone(quote: Quote | None, place: Place) -> bool:
        if quote is None:
            return False
        of_channel = gone.get(replace(place, thread=""), set())
        return quote.message_id in of_channel or (bool(user) and quote.author == user and place in within)

    for place, held in store.held.items():
        for line in held.lines:
            if is_gone(line.quote, place):
                line.quote = None
                held.drop_summaries(line.number)
                touched.add(place)
        for row in store.at(place):
            if row.state == "waiting" and is_gone(row.inbound.reply_to, place):
                row.inbound = replace(row.inbound, reply_to=None)
                touched.add(place)
    return touched
