"""Pure: a Chat Completions request and the pieces of its streamed answer, as far as they concern us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from llm.client.events import Event
from memory.types import Message, Prompt, Schema

Form = Literal["json_schema", "json_object", ""]

OPENAI_URL = "https://api.openai.com/v1"

SAME_ROLES = "same_roles"
"""Messages of one role behind each other, and an answer before any question, which strict chat templates refuse."""

SUBSTITUTES = {
    SAME_ROLES: "",  # Mistral's and Gemma's templates, see `alternate`
    "stream_options": "",  # Mistral; Azure before 2024-09
    "max_tokens": "max_completion_tokens",  # OpenAI's reasoning models, behind Azure or a gateway too
    "max_completion_tokens": "max_tokens",  # servers older than OpenAI's new name for it (September 2024)
    "json_schema": "json_object",  # DeepSeek, Volcengine, OpenAI's models before gpt-4o
    "json_object": "",  # LM Studio, OpenAI's models before gpt-4-turbo
}
"""What some servers refuse of a request, each with what takes its place; empty: it is left out.

The last two are forms of an answer, values of `response_format`.
"""

RESPONSE_FORMAT = "response_format"
"""The field that a server names when it refuses the form that was asked for."""


CHARACTERS_PER_TOKEN = 32
"""The most that an answer's text has for each token of its allowance, thoughts in it too: a server may keep to none.

`o200k_base` makes 4 to 5 of prose, 8 of deeply indented code, 24 of drawings with wide gaps (measured).
"""


THOUGHT_CHARACTERS = 65_536 * 8
"""The most that is thought beside an answer; what goes on beyond this has no end.

No allowance bounds it everywhere: SiliconFlow's `max_tokens` leaves it out, and lets 32,768 tokens be thought;
DeepSeek's counts it in, and may be 64k.
"""

REASONING = ("reasoning_content", "reasoning")
"""The fields that servers put reasoning into: DeepSeek's, and OpenRouter's, which is vLLM's by now (issue 27755)."""

SEAM = "\n\n"
"""What stands between two messages of one role that are sent as one."""

LEFT_OUT = Message("user", "…")
"""What is sent in the place of a question that is gone, where its answer would come first."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent; what is None, empty or False is left out of it.

    `form` is the `response_format` that is asked for: of `schema`, any JSON object, or none.
    """

    model: str
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    prompt_cache_key: str = ""
    safety_identifier: str = ""
    include_usage: bool = True
    form: Form = ""
    schema: Schema | None = None

    @property
    def allowance(self) -> int:
        """Tokens that the answer may have."""
        return self.max_completion_tokens or self.max_tokens or 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a streamed answer, or several as one.

    `thought` are the characters of reasoning that came beside the answer. `finish` is the server's reason for the end,
    empty before it; `ended` says that it announced that nothing follows. The figures are 0 until the server reports
    them, `reported` says whether it did.
    """

    text: str = ""
    thought: int = 0
    finish: str = ""
    ended: bool = False
    reported: bool = False
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


def is_openai(url: str) -> bool:
    """Whether the address is OpenAI's own, one of its regions included (`eu.api.openai.com`)."""
    host = urlsplit(url).hostname or ""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


def plan_request(
    prompt: Prompt,
    model: str,
    max_tokens: int,
    url: str,
    without: frozenset[str] = frozenset(),
    schema: Schema | None = None,
) -> Request:
    """Lay out the request for a prompt; what only OpenAI knows goes to OpenAI only, others may refuse it.

    OpenAI's reasoning models refuse `max_tokens`, most other servers know nothing else. `without` is what this model
    has refused of SUBSTITUTES; an answer of a `schema` is asked for in the strictest form that is left. A prompt with a
    `conversation_key` begins as earlier ones of its conversation do.
    """
    openai = is_openai(url)
    allowance = "max_completion_tokens" if openai else "max_tokens"
    if allowance in without:
        allowance = SUBSTITUTES[allowance]
    return Request(
        model,
        alternate(prompt.messages) if SAME_ROLES in without else prompt.messages,
        max_tokens=max_tokens if allowance == "max_tokens" else None,
        max_completion_tokens=max_tokens if allowance == "max_completion_tokens" else None,
        prompt_cache_key=prompt.conversation_key if openai else "",
        safety_identifier=prompt.user_key if openai else "",
        include_usage="stream_options" not in without,
        form=_choose_form(without, keeps_prefix=openai and bool(prompt.conversation_key)) if schema else "",
        schema=schema,
    )


def alternate(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return messages of which a person has the first after the system's, and then each role its turn.

    Neighbours of one role are joined, for a message that has no answer is followed by another one. The chat templates
    of Mistral and Gemma refuse all else with 400, behind vLLM, llama.cpp and LM Studio alike, and would refuse every
    later request of the conversation too (vLLM issue 6862, adk-python 1373, crush 279), as DeepSeek's reasoner did
    (autogen pull request 7229). It is done for a model that has refused SAME_ROLES: to others the bounds of messages
    say where one person's words end, whatever he writes. The same messages are always joined to the same text, so that
    a prefix is found in the cache. It costs no more tokens than were counted, but for LEFT_OUT.
    """
    joined: list[Message] = []
    for message in messages:
        before = joined[-1] if joined else None
        if before and before.role == message.role != "system":
            joined[-1] = Message(message.role, f"{before.content}{SEAM}{message.content}")
            continue
        if message.role == "assistant" and (not before or before.role == "system"):
            joined.append(LEFT_OUT)
        joined.append(message)
    return tuple(joined)


def _choose_form(without: frozenset[str], *, keeps_prefix: bool) -> Form:
    """The strictest form that is left, and that lets a prompt be found in the cache by its beginning.

    OpenAI puts a schema in front of the system message (its guide to prompt caching), so that no prefix is the same any
    more; `json_object` changes nothing there.
    """
    if "json_schema" not in without and not keeps_prefix:
        return "json_schema"
    return "" if "json_object" in without else "json_object"


def name_refused(refused: str, request: Request) -> str:
    """What of SUBSTITUTES a request was refused for, by the field that the server named; empty: nothing of it."""
    return request.form if refused == RESPONSE_FORMAT else refused


def can_do_without(field: str, without: frozenset[str]) -> bool:
    """Whether what is refused can be spared, besides what is spared already; its substitute must be left."""
    return field in SUBSTITUTES and field not in without and SUBSTITUTES[field] not in without


def more_room(max_tokens: int, prompt_tokens: int, context_tokens: int) -> int:
    """Return the allowance for an answer that did not fit into `max_tokens`: twice that, if the context has the room.

    `context_tokens` is the size of the context, 0 if unknown; the result is never less than `max_tokens`.
    """
    twice = 2 * max_tokens
    return max(max_tokens, min(twice, context_tokens - prompt_tokens)) if context_tokens else twice


def read_piece(chunk: object) -> Piece:
    """Read one chunk of a stream, whatever its server makes of the format.

    `chunk` is its JSON, in which a field may be absent, null or of another type. Reasoning is no part of the answer; it
    counts once where it stands in both of its fields.
    """
    text = _at(chunk, "choices", 0, "delta", "content")
    thoughts = (_at(chunk, "choices", 0, "delta", field) for field in REASONING)
    finish = _at(chunk, "choices", 0, "finish_reason")
    usage = _at(chunk, "usage")
    return Piece(
        text=text if isinstance(text, str) else "",
        thought=max(len(thought) if isinstance(thought, str) else 0 for thought in thoughts),
        finish=finish if isinstance(finish, str) else "",
        reported=usage is not None,
        prompt_tokens=_figure(_at(usage, "prompt_tokens")),
        cached_tokens=_figure(_at(usage, "prompt_tokens_details", "cached_tokens")),
        completion_tokens=_figure(_at(usage, "completion_tokens")),
    )


def read_error(event: Event, chunk: object) -> object:
    """Return the error that an event of a stream tells instead of a piece, or None.

    It stands in `error`; older vLLM sends it bare, with `error` for its `object`, others in an event of that name.
    """
    fields = chunk if isinstance(chunk, Mapping) else {}
    if event.name == "error" or fields.get("object") == "error":
        return chunk
    return fields.get("error") or None


def cut(piece: Piece, left: int, allowance: int) -> Piece:
    """Return a piece as far as an answer has so many characters left; one that takes them all is its end."""
    if len(piece.text) < left:
        return piece
    taken = piece.completion_tokens or allowance
    finish = piece.finish or "length"
    return replace(piece, text=piece.text[:left], finish=finish, reported=True, completion_tokens=taken)


def join(so_far: Piece, piece: Piece) -> Piece:
    """Take a piece into what is known so far, all but its text; figures reported later replace earlier ones."""
    figures = piece if piece.reported else so_far
    return Piece(
        finish=piece.finish or so_far.finish,
        ended=piece.ended or so_far.ended,
        reported=figures.reported,
        prompt_tokens=figures.prompt_tokens,
        cached_tokens=figures.cached_tokens,
        completion_tokens=figures.completion_tokens,
    )


def _at(thing: object, *path: str | int) -> object:
    """Follow names and positions into a parsed chunk; None where it does not go on."""
    for key in path:
        if isinstance(key, str):
            thing = thing.get(key) if isinstance(thing, Mapping) else None
        else:
            thing = thing[key] if isinstance(thing, list) and len(thing) > key else None
    return thing


def _figure(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
