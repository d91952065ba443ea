"""`!memory`, `!remember` and `!forget fact`: everybody sees, corrects and removes what is known about himself.

What he is shown, and what he can change, is what may be heard where he asks: a fact from direct messages is not shown
in a channel. Admins see how many facts are kept, never which.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from zoneinfo import ZoneInfo

from memory import phrases
from memory.commands.words import Call
from memory.facts.slots import normalise_slot
from memory.names import one_line
from memory.phrases import amount
from memory.ports import Store
from memory.scope import audience_of
from memory.secret import looks_secret
from memory.types import Audience, CoreSettings, Fact, FactCount, Inbound, Place, Visibility

LONGEST = 300
"""Characters of one fact: a sentence or two; what is longer belongs into the conversation."""

MOST = 200
"""Facts that one person may have kept; a prompt has room for a tenth of them."""

PAGE = 40
"""Facts of one answer: three of Discord's messages, at an ordinary length."""

PEOPLE = 30
"""People of one answer to `!memory all`."""

SWITCHED_OFF = "I keep no facts about people here: `memory.facts` is off."
NONE_YET = "I keep no facts about you that may be heard here. Tell me one with `{prefix}remember …`"
READ = "; what you say about yourself in a conversation I read when it has been quiet for {minutes}."
NOT_READ = ": I read none from what is said in a conversation."
NO_SUCH = "There is no fact {number} about you here; `{prefix}memory` lists them."
TOO_LONG = "That is longer than {longest} characters; please put it more briefly. Nothing was changed."
TOO_MANY = "I keep {most} facts about you already; `{prefix}forget fact …` makes room. Nothing was changed."
REFUSED = "That looks like a password, a key or a card number. I do not keep such things; nothing was changed."
FORGOTTEN = (
    "Forgotten: fact {number}. The message that it came from is not touched: where it is part of a conversation, delete"
    " it or say `{prefix}forget me`, and it goes too."
)
MEMORY_USAGE = (
    "I did not understand that. `{prefix}memory` shows what I know about you, `{prefix}memory 3 = …` corrects a fact,"
    " `{prefix}forget fact 3` removes one, `{prefix}remember …` adds one."
)
UNSEEN = (
    "\nOnly you see this, but it counts as said here: whoever could have read it here may hear it from me, in other"
    " channels too. `{prefix}forget fact {number}` takes it back."
)
FORGOTTEN_SINCE = "What you said here was forgotten after you had asked for this; nothing was kept."
REMEMBER_USAGE = "Say what I am to remember about you: `{prefix}remember my birthday is 3 May`."

_NUMBER = re.compile(r"#?(\d{1,6})")
_CORRECTION = re.compile(r"#?(\d{1,6})\s*(?:=|:=|:)\s*(.*)", re.DOTALL)
_FROM = re.compile(r"from\s+#?(\d{1,6})", re.IGNORECASE)
_SLOT = r"[^\W\d][\w'’-]*(?:\s[\w'’-]+){0,2}"
_STATEMENT = re.compile(rf"my\s({_SLOT})\s(?:is|are)\s(.+)|({_SLOT})(?::\s|\s?=\s?)(.+)", re.IGNORECASE)
_NAMELESS = re.compile(r"note \d+")
_JOINERS = "\u200c\u200d"


def read_fact_number(words: str) -> int | None:
    """The number in `fact 3`, which goes unasked, be it with a `now`; nothing where that is not what the words say."""
    terms = words.casefold().removesuffix(" now").split()
    named = _NUMBER.fullmatch(terms[-1]) if len(terms) == 2 and terms[0] == "fact" else None  # noqa: PLR2004
    return int(named[1]) if named else None


def read_statement(text: str) -> tuple[str, str]:
    """The slot and the value of what somebody has remembered; no slot where it is said in other words.

    `my birthday is 3 May` and `birthday: 3 May` are about `birthday`.
    """
    found = _STATEMENT.fullmatch(text)
    slot = normalise_slot(found[1] or found[3]) if found else ""
    return (slot, (found[2] or found[4]).strip()) if found and slot else ("", text)


class Facts:
    """Shows, adds, corrects and removes facts."""

    def __init__(
        self,
        settings: CoreSettings,
        store: Store,
        moderates: Callable[[Inbound], Awaitable[bool]],
        link: Callable[[Place, str], str],
    ) -> None:
        self._settings = settings
        self._store = store
        self._moderates = moderates
        self._link = link

    async def show(self, call: Call) -> str:
        """`!memory`: who asks, his own facts; with a number and a value, correct one; `all`, how many are kept."""
        words = call.words.strip()
        if not words:
            return await self._list(call, first=1)
        if words.casefold() == "all":
            return await self._count(call)
        if page := _FROM.fullmatch(words):
            return await self._list(call, first=int(page[1]))
        if found := _CORRECTION.fullmatch(words):
            return await self._correct(call, int(found[1]), found[2])
        return MEMORY_USAGE.format(prefix=self._settings.prefix)

    async def remember(self, call: Call) -> str:
        """`!remember`: keep one fact at once."""
        text, audience = " ".join(call.words.split()), self._audience(call)
        if refused := self._refuse(text, REMEMBER_USAGE):
            return refused
        if len(await self._store.facts(audience, audience.user)) >= MOST:
            return TOO_MANY.format(most=MOST, prefix=self._settings.prefix)
        slot, value = read_statement(text)
        kept = await self._store.remember(audience, _fact_of(call, slot, value, text))
        return self._write_kept(call, kept) if kept else FORGOTTEN_SINCE

    async def forget(self, call: Call, number: int) -> str:
        """`!forget fact 3`; what it said is not said once more."""
        gone = await self._store.forget_fact(self._audience(call), number)
        return (FORGOTTEN if gone else NO_SUCH).format(number=number, prefix=self._settings.prefix)

    async def _list(self, call: Call, first: int) -> str:
        """Who asks, his facts from a number on; what was kept before facts were switched off is shown as well."""
        audience, settings = self._audience(call), self._settings
        facts = await self._store.facts(audience, audience.user)
        if not facts:
            if not settings.facts:
                return SWITCHED_OFF
            further = READ.format(minutes=amount(settings.rest_minutes, "minute")) if settings.reads_facts else NOT_READ
            return NONE_YET.format(prefix=settings.prefix) + further
        shown = [fact for fact in facts if fact.number >= first]
        return write_facts_about(shown, self._link, settings.prefix, ZoneInfo(settings.timezone))

    async def _correct(self, call: Call, number: int, value: str) -> str:
        text = " ".join(value.split())
        if refused := self._refuse(text, MEMORY_USAGE):
            return refused
        kept = await self._store.correct_fact(self._audience(call), number, _fact_of(call, "", text, text))
        return self._write_kept(call, kept) if kept else NO_SUCH.format(number=number, prefix=self._settings.prefix)

    def _write_kept(self, call: Call, kept: Fact) -> str:
        """What is said when a fact is kept; who told it unseen may believe that nobody hears of it."""
        unseen = call.inbound.private and call.inbound.visibility is not Visibility.DIRECT
        heard = UNSEEN.format(number=kept.number, prefix=self._settings.prefix) if unseen else ""
        return write_kept(kept) + heard

    async def _count(self, call: Call) -> str:
        if not await self._moderates(call.inbound):
            direct = call.inbound.visibility is Visibility.DIRECT
            refusal = phrases.FOR_ADMINS_DIRECT if direct else phrases.FOR_ADMINS
            return refusal.format(command=f"{self._settings.prefix}memory all")
        return write_counts(await self._store.fact_counts(call.inbound.place), self._settings.prefix)

    def _refuse(self, text: str, usage: str) -> str:
        """Why a text is not kept as a fact; empty where it is."""
        if not self._settings.facts:
            return SWITCHED_OFF
        if not text:
            return usage.format(prefix=self._settings.prefix)
        if len(text) > LONGEST:
            return TOO_LONG.format(longest=LONGEST)
        return REFUSED if looks_secret(text) else ""

    def _audience(self, call: Call) -> Audience:
        return audience_of(call.inbound, self._settings.reach)


def _fact_of(call: Call, slot: str, value: str, quote: str) -> Fact:
    said = call.inbound
    return Fact(
        number=0,
        user=said.author,
        name=one_line(said.author_name),
        slot=slot,
        value=value,
        quote=quote,
        place=said.place,
        message_id=said.message_id,
        said_at=said.sent_at,
        access=said.access,
    )


def write_fact(fact: Fact) -> str:
    """`**city**: Oslo (before: Paris)`, on one line and without code: nothing of it changes how the rest is shown.

    What somebody had remembered in his own words stands there by itself.
    """
    before = f" (before: {_plain(fact.before)})" if fact.before else ""
    about = "" if _NAMELESS.fullmatch(fact.slot) else f"**{_plain(fact.slot).replace('_', ' ')}**: "
    return f"{about}{_plain(fact.value)}{before}"


def _plain(text: str) -> str:
    shown = (char for char in text if char.isprintable() or char.isspace() or char in _JOINERS)
    return " ".join("".join(shown).split()).replace("`", "'")


def write_kept(fact: Fact) -> str:
    """What is said when a fact is kept."""
    return f"Remembered as {fact.number}: {write_fact(fact)}"


def write_facts_about(facts: Sequence[Fact], link: Callable[[Place, str], str], prefix: str, zone: ZoneInfo) -> str:
    """The answer to `!memory`: a line a fact, with its number, the words that say so, their date and their message."""
    facts = sorted(facts, key=lambda fact: fact.number)
    lines = ["What I know about you, as far as it may be heard here:"]
    lines += [_write_line(fact, link(fact.place, fact.message_id), zone) for fact in facts[:PAGE]]
    if len(facts) > PAGE:
        lines.append(f"… and {len(facts) - PAGE:,} more: `{prefix}memory from {facts[PAGE].number}` shows them.")
    number = facts[0].number if facts else 1
    lines += ["", f"`{prefix}memory {number} = …` corrects a fact, `{prefix}forget fact {number}` removes one."]
    return "\n".join(lines)


def _write_line(fact: Fact, address: str, zone: ZoneInfo) -> str:
    said_at = fact.said_at.astimezone(zone)
    quote = "" if fact.quote == fact.value else f" – “{_plain(fact.quote)}”"
    return f"{fact.number}. {write_fact(fact)}{quote} ({said_at.day} {said_at:%B %Y}) {address}".rstrip()


def write_counts(counts: Sequence[FactCount], prefix: str) -> str:
    """The answer to `!memory all`."""
    if not counts:
        return "I keep no facts about anybody here; those from direct messages are not counted."
    lines = [f"Facts kept here; everybody sees his own with `{prefix}memory`, nobody those of others:"]
    lines += [f"- {_plain(one_line(count.name))}: {amount(count.facts, 'fact')}" for count in counts[:PEOPLE]]
    if rest := counts[PEOPLE:]:
        kept = amount(sum(count.facts for count in rest), "fact")
        lines.append(f"- {len(rest):,} more {'person' if len(rest) == 1 else 'people'}: {kept}")
    return "\n".join(lines)
