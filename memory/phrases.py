"""What commands say: pure writing, in plain Markdown that every platform shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from memory.names import one_line
from memory.prompt import Budget
from memory.types import CommandSpec, CoreSettings, Extent, Place, Scope, Spent, Standing

MANY = 1_000_000
"""More messages than `!forget last N` has to take."""

BAR_CELLS = 20

FOR_ADMINS = "`{command}` is for people who moderate this place; nothing was changed."
FOR_ADMINS_DIRECT = "`{command}` is for admins, in direct messages too; nothing was changed."
FOR_OWNERS = "`{command}` is for those whom `bot.admins` names; nothing was changed."
BUT_ME = " You can always say `{prefix}forget me`: your own words here, and what I made of them."
NOTHING_TO_FORGET = "There is nothing here that I could forget."
LAST_APART = "Here every thread keeps its own messages: write `{prefix}forget last {last}` in the thread, as a message."
SUMMARY_APART = "Here every thread has its own summary: write `{command}` in the thread, as a message."
NOTHING_TO_CONFIRM = (
    "There is nothing to confirm: say `{prefix}forget` first, and `{prefix}forget confirm` within a minute."
)
FORGET_USAGE = (
    "I did not understand that. `{prefix}forget` forgets this place, `{prefix}forget last 3` the newest messages,"
    " `{prefix}forget @user` what one person said, `{prefix}forget me` what you said, `{prefix}forget me everywhere` in"
    " all places, `{prefix}forget fact 3` a fact about you. I ask before I do it, unless `now` stands at the end."
)
WHOM = (
    "I can't tell whom you mean. Type @ and choose one person from the list that opens, so that the name becomes a"
    " mention."
)
UNKNOWN = "I don't know that command. Did you mean `{prefix}{near}`? `{prefix}help` lists them all."
USAGE_USAGE = (
    "I did not understand that. `{prefix}usage` shows what was used today, `{prefix}usage lift` lifts this place's"
    " limit until the day ends, `{prefix}usage lift @user` one person's, `{prefix}usage lift all` that of everybody."
)
NO_SPACE = "This place has no limit of its own that I could lift."
SUMMARY_USAGE = (
    "`{prefix}summary` shows what I remember here; `{prefix}summary now` folds older turns into it at once,"
    " `{prefix}summary rebuild` makes it anew from the originals."
)


def amount(number: int, noun: str) -> str:
    """A number with its noun: `1 message`, `1,200 messages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


EVERYBODYS = ("help", "memory", "remember", "usage", "forget me", "forget me everywhere", "forget fact N")
"""What everybody may use wherever it is, `remember` where facts are kept."""


def write_help(settings: CoreSettings, specs: Sequence[CommandSpec], *, direct: bool) -> str:
    """The answer to `!help`."""
    prefix = settings.prefix
    going_on = "; in a thread where I have spoken, just go on" if settings.threads == "joined" else ""
    how = "Just write to me." if direct else f"Mention me or reply to me and I answer{going_on}."
    lines = [f"I am {one_line(settings.name)}, and I keep the thread of a conversation. {how}", ""]
    for spec in specs:
        hint = f" ({spec.hint})" if spec.hint else ""
        lines.append(f"- `{prefix}{spec.name}` – {spec.description}{hint}")
    if not direct:
        everybodys = [each for each in EVERYBODYS if settings.facts or each != "remember"]
        *most, last = (f"`{prefix}{each}`" for each in everybodys)
        named = f"{', '.join(most)} and {last}"
        lines += ["", f"Everybody may use {named}; the rest is for people who moderate this place."]
    return "\n".join(lines)


LISTENING = {
    "addressed": "I remember what is said to me, and {before}; in threads where I have spoken, and where I need no"
    " mention, also what you say to each other.",
    "threads": "I remember what is said to me, and {before}; and everything that is said in threads, also"
    " what is not for me.",
    "all": "I remember everything that is said in the channels that I can read, also what is not for me.",
}
BEFORE = "what was said before it in that thread, or since the message that it replies to"
QUOTED = "the message that it replies to"
"""What is kept with a message for the bot where nothing from before is read: the platform hands a quotation over."""


def write_arrival(settings: CoreSettings) -> str:
    """What is said once where the bot is let in: how it is spoken to, and what it remembers."""
    prefix = settings.prefix
    remembered = LISTENING[settings.listen].format(before=BEFORE if settings.before_messages else QUOTED)
    return (
        f"Hello, I am {one_line(settings.name)}. Mention me or reply to me and I answer. {remembered}"
        f" `{prefix}forget me` makes me forget what you said, `{prefix}help` tells you more."
    )


WHOSE = {Scope.USER: "You", Scope.SPACE: "This server or workspace", Scope.ALL: "All together"}


def write_usage(spent: Mapping[Scope, Spent], limits: Mapping[Scope, int], left: float, settings: CoreSettings) -> str:
    """The answer to `!usage`; `left` are the seconds until the day ends."""
    lines = ["Tokens used today (prompts and answers, counted from 00:00 UTC):", ""]
    for scope in Scope:
        if scope in spent:
            limit = f" of {limits[scope]:,}" if scope in limits else "; there is no limit"
            lifted = ", lifted for today" if scope in limits and spent[scope].lifted else ""
            lines.append(f"- {WHOSE[scope]}: {spent[scope].tokens:,}{limit}{lifted}")
    lines.append("")
    if settings.messages_per_minute:
        lines.append(f"I answer each person at most {amount(settings.messages_per_minute, 'time')} a minute.")
    lines.append(f"The day ends {write_wait(left)}.")
    return "\n".join(lines)


LIMITS = {
    Scope.USER: "The limit of {name}",
    Scope.SPACE: "The limit of this server or workspace",
    Scope.ALL: "The limit of all together",
}


def write_lifted(scope: Scope, name: str, spent: Mapping[Scope, Spent], limits: Mapping[Scope, int]) -> str:
    """The answer to `!usage lift`: whether there was a limit to lift, and what of the others holds.

    `name` is that of the person whose limit it is; those in `spent` are the limits that answers there come under.
    """
    own = LIMITS[scope].format(name=one_line(name))
    head = f"{own} is lifted until 00:00 UTC." if scope in limits else f"{own} is not set, so nothing was lifted."
    others = [each for each in Scope if each in limits and each in spent and each is not scope]
    return " ".join([head, *(_write_standing(each, limits[each], spent[each]) for each in others)])


def _write_standing(scope: Scope, limit: int, spent: Spent) -> str:
    if scope is Scope.USER:
        return f"Each person's, {amount(limit, 'token')} a day, still holds where it was not lifted."
    if spent.lifted:
        return f"{LIMITS[scope]} is lifted as well."
    return f"{LIMITS[scope]} still holds, with {max(limit - spent.tokens, 0):,} of {amount(limit, 'token')} left."


def write_wait(seconds: float) -> str:
    """How long until then: `in 5 hours`, `in 20 minutes`."""
    hours, minutes = round(seconds / 3600), max(1, round(seconds / 60))
    return f"in {hours} hours" if hours > 1 else f"in {amount(minutes, 'minute')}"


NO_SUMMARY = {
    "window": "I keep no summary here: I am set to remember only the newest messages.",
    "buffer": "I keep no summary here: I am set to remember the newest messages word for word, as many as fit.",
}
"""What is said of the summary under each strategy that makes none."""


def write_summary(standing: Standing, budget: Budget, persona_tokens: int, settings: CoreSettings) -> str:
    """The answer to `!summary`: the text, what it covers, the turns behind and after it, and the prompt's budget."""
    summary = standing.summary
    if not budget.folds:
        head = NO_SUMMARY[settings.strategy]
    elif summary is None:
        head = "There is no summary here yet: everything said is still there word for word."
    else:
        quoted = "\n".join(f"> {line}" for line in summary.text.splitlines())
        covers = write_range(standing.covers_from, standing.covers_to, ZoneInfo(settings.timezone))
        head = f"**Summary**, version {summary.version}{covers}:\n{quoted}"
    shown = standing.after if budget.max_messages is None else min(standing.after, budget.max_messages)
    behind, after = amount(standing.behind, "turn"), amount(shown, "turn")
    folded = f"Behind the summary: {behind} · after it, word for word: {after}"
    used = persona_tokens + standing.after_tokens + (summary.tokens if summary else 0)
    used = min(used, budget.total)  # the planner leaves out what does not fit
    lines = [
        head,
        "",
        folded if summary else f"Word for word: {after}",
        f"Prompt: `{draw_bar(used, budget.total)}` {used:,} of {budget.total:,} tokens",
    ]
    if budget.folds:
        lines[-1] += f"; at {budget.fold_at:,}, older turns are folded into the summary, down to {budget.keep:,}"
    return "\n".join(lines)


def draw_bar(used: int, total: int) -> str:
    """A bar of fixed width; whatever is used at all fills a cell."""
    cells = min(BAR_CELLS, -(-used * BAR_CELLS // max(total, 1)))
    return "█" * cells + "░" * (BAR_CELLS - cells)


def write_range(first: datetime | None, last: datetime | None, zone: ZoneInfo) -> str:
    """`, from 3 November, 10:12 to 20 November 2026, 17:25`, or nothing when the originals are gone.

    Within a day the date stands once: `, from 3 November 2026, 10:12 to 17:25`.
    """
    if first is None or last is None:
        return ""
    first, last = first.astimezone(zone), last.astimezone(zone)
    if first.date() == last.date():
        return f", from {first.day} {first:%B %Y, %H:%M} to {last:%H:%M}"
    year = "" if first.year == last.year else f" {first.year}"
    return f", from {first.day} {first:%B}{year}, {first:%H:%M} to {last.day} {last:%B} {last:%Y, %H:%M}"


def write_cut_off(answer: str) -> str:
    """What is said behind an answer that there was no room to end; a block of code that is open there is closed."""
    fence = "\n```" if answer.count("```") % 2 else ""
    return f"{fence}\n\n*(I had to stop here: that is as long as one answer may be. Ask me to go on.)*"


def write_folded(folded: int, keep_recent: int) -> str:
    """What `!summary now` did, ahead of the summary."""
    if folded:
        return f"Folded {amount(folded, 'turn')} into the summary.\n\n"
    return f"There was nothing to fold: the newest {amount(keep_recent, 'turn')} always stay word for word.\n\n"


EVERYWHERE = {
    "discord": "on Discord, in every server and in direct messages",
    "slack": "on Slack, in every channel of this workspace and in direct messages",
}
"""How far `!forget me everywhere` goes."""


def write_reach(platform: str) -> str:
    """How far somebody is forgotten who is forgotten everywhere."""
    return EVERYWHERE.get(platform, "wherever we have talked")


def write_rebuilding(done: int, turns: int) -> str:
    """How far `!summary rebuild` is."""
    return f"Making the summary anew: {done:,} of {amount(turns, 'turn')}, {done * 100 // max(turns, 1)}% …"


def write_rebuilt(turns: int, standing: Standing) -> str:
    """What `!summary rebuild` did, ahead of the summary."""
    if turns:
        return f"Made the summary anew from {amount(turns, 'turn')}.\n\n"
    if standing.summary is None:
        return "There is no summary to make anew.\n\n"
    return "The summary was not made anew: it was being made, or something was forgotten here, just now.\n\n"


def write_question(extent: Extent, what: str, user_name: str, place: Place, prefix: str) -> str:
    """What a `!forget` would take, and how to say that it is meant."""
    subject = {
        "here": "everything in this thread" if place.thread else "everything here, threads included",
        "last": "the newest messages, mine included",
        "me": "what you said here, and what I made of it",
        "user": f"what {one_line(user_name)} said here, and what I made of it",
        "everywhere": f"what you said {write_reach(place.platform)}, and what I made of it (what others said stays)",
    }[what]
    return (
        f"This forgets {subject}: {write_extent(extent)}."
        f" Say `{prefix}forget confirm` within a minute and it is gone for good."
    )


def write_extent(extent: Extent) -> str:
    """`12 messages, 3 facts and 1 summary, in 2 conversations`."""
    counts = {
        "message": extent.turns + extent.waiting,
        "archived message": extent.archived,
        "fact": extent.facts,
    }
    parts = [amount(number, noun) for noun, number in counts.items() if number]
    if extent.summaries:
        parts.append(f"{extent.summaries:,} {'summary' if extent.summaries == 1 else 'summaries'}")
    if extent.traces:
        parts.append(f"the user id in {amount(extent.traces, 'record')} of tokens used")
    *most, last = parts or [amount(0, "message")]
    where = f", in {extent.conversations:,} conversations" if extent.conversations > 1 else ""
    return (f"{', '.join(most)} and {last}" if most else last) + where


def write_forgotten(extent: Extent, *, clean: bool, reach: str = "", counted: bool = False) -> str:
    """What went, how far if it is not just here, and whether the database file is clean of it already.

    `counted` is for the last messages: after an answer, the last one is that answer alone.
    """
    file = "is clean of it" if clean else "will be cleaned in a quiet minute"
    head = f"Forgotten {reach}" if reach else "Forgotten"
    mine = " Of the newest messages mine count too." if counted else ""
    return f"{head}: {write_extent(extent)}. It is out of my memory, and the database file {file}.{mine}"


SPENT = {
    Scope.USER: "You have had your {limit:,} tokens for today",
    Scope.SPACE: "This place has had its {limit:,} tokens for today",
    Scope.ALL: "I have had my {limit:,} tokens for today",
}


WHOSE_TOKENS = {Scope.USER: "your", Scope.SPACE: "this place's", Scope.ALL: "my"}


WHOSE_LIMIT = {Scope.USER: "Your limit", Scope.SPACE: "The limit of this place", Scope.ALL: "My limit"}


def write_pause(per_minute: int, seconds: float) -> str:
    """What somebody is told who asks for more than so many answers a minute."""
    wait = amount(max(1, round(seconds)), "second")
    return f"That is more than {amount(per_minute, 'message')} a minute; I answer you again in {wait}."


def write_spent(scope: Scope, limit: int, rest: int, left: float) -> str:
    """What somebody is told when a day's tokens are spent, or the `rest` of them is less than an answer needs.

    `left` are the seconds until the day ends.
    """
    few = f"{rest:,} {'is' if rest == 1 else 'are'} left, too few for an answer here"
    spent = (
        f"Of {WHOSE_TOKENS[scope]} {limit:,} tokens for today {few}" if rest > 0 else SPENT[scope].format(limit=limit)
    )
    return f"{spent}; I answer again {write_wait(left)}, from 00:00 UTC on."


def write_too_small(scope: Scope, limit: int, need: int) -> str:
    """What somebody is told where all of a day's tokens are fewer than one answer needs."""
    return (
        f"{WHOSE_LIMIT[scope]} is {amount(limit, 'token')} a day, which is less than the {need:,} that one answer needs"
        " here; I can't answer until it is raised or lifted."
    )
