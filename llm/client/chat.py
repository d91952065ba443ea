"""Pure: a Chat Completions request and the pieces of its streamed answer, as far as they concern us."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from memory.types import Message, Prompt

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent; what is None or empty is left out of it."""

    model: str
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    prompt_cache_key: str = ""
    safety_identifier: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a streamed answer, or several as one.

    `finish` is the server's reason for the end, empty before it. The figures are 0 until the server reports them,
    `reported` says whether it did.
    """

    text: str = ""
    finish: str = ""
    reported: bool = False
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


def is_openai(url: str) -> bool:
    """Whether the address is OpenAI's own, one of its regions included (`eu.api.openai.com`)."""
    host = urlsplit(url).hostname or ""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


def plan_request(prompt: Prompt, model: str, max_tokens: int, url: str) -> Request:
    """Lay out the request for a prompt; what only OpenAI knows goes to OpenAI only, others may refuse it.

    OpenAI's reasoning models refuse `max_tokens`, the other servers know nothing else.
    """
    if not is_openai(url):
        return Request(model, prompt.messages, max_tokens=max_tokens)
    return Request(
        model,
        prompt.messages,
        max_completion_tokens=max_tokens,
        prompt_cache_key=prompt.conversation_key,
        safety_identifier=prompt.user_key,
    )


def well_formed(text: str) -> str:
    """Return a text that UTF-8 can hold: lone surrogates become U+FFFD, halves that belong together one character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_piece(chunk: object) -> Piece:
    """Read one chunk of a stream, whatever its server makes of the format.

    The openai package does not validate what it parses: a field may be absent, null or of another type. Reasoning
    (`reasoning_content`) is no part of the answer.
    """
    text = _at(chunk, "choices", 0, "delta", "content")
    finish = _at(chunk, "choices", 0, "finish_reason")
    usage = _at(chunk, "usage")
    return Piece(
        text=text if isinstance(text, str) else "",
        finish=finish if isinstance(finish, str) else "",
        reported=usage is not None,
        prompt_tokens=_figure(_at(usage, "prompt_tokens")),
        cached_tokens=_figure(_at(usage, "prompt_tokens_details", "cached_tokens")),
        completion_tokens=_figure(_at(usage, "completion_tokens")),
    )


def join(so_far: Piece, piece: Piece) -> Piece:
    """Take a piece into what is known so far, all but its text; figures reported later replace earlier ones."""
    figures = piece if piece.reported else so_far
    return Piece(
        finish=piece.finish or so_far.finish,
        reported=figures.reported,
        prompt_tokens=figures.prompt_tokens,
        cached_tokens=figures.cached_tokens,
        completion_tokens=figures.completion_tokens,
    )


def _at(thing: object, *path: str | int) -> object:
    """Follow names and positions into a parsed chunk; None where it does not go on."""
    for key in path:
        if isinstance(key, str):
            thing = getattr(thing, key, None)
        else:
            thing = thing[key] if isinstance(thing, list) and len(thing) > key else None
    return thing


def _figure(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
