"""A model server on loopback that speaks Chat Completions, for the real openai client.

    async with FakeModel(respond=lambda request: f"You said {request.messages[-1].content}") as fake:
        model = OpenAIModel(api_key="test", base_url=fake.base_url, name="m")

Requests are answered by `respond`, unless `script` has laid out what happens to the next ones. Every request is kept,
parsed, in `requests`. The formats are those of OpenAI's API reference (Chat Completions, streaming, errors); what other
servers do differently says so with its source.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from aiohttp import web

from tests.fakes.changes import Changes
from tests.fakes.listening import Listening

Json = Mapping[str, object]


class Said(NamedTuple):
    """One message of a request."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request as it came in.

    `max_tokens` is the allowance under either name. `body` is the whole of it as it was sent, `fields` the same parsed;
    header names are in lower case.
    """

    model: str
    messages: tuple[Said, ...]
    stream: bool
    max_tokens: int | None
    headers: Mapping[str, str]
    fields: Json
    body: str

    @property
    def text(self) -> str:
        """All that the prompt says, a message a line."""
        return "\n".join(message.content for message in self.messages)


@dataclass(frozen=True, slots=True)
class Say:
    """An answer in the given pieces, `pace` seconds apart, held after the first one until `gate` is set.

    `ending` says what follows the last piece: the end as it should be, a cut connection, silence or nothing but
    comments until the client leaves, a line that is no JSON, an end without a word, or the JSON of an error (OpenRouter
    and llama.cpp send errors inside a stream).
    `finish` empty sends no reason for the end, `last_words` says what follows one; `reasoning` comes first, for ever
    where it has no end, in the field that DeepSeek's API named.
    `between` is sent as it is after each piece, as gateways do that keep a connection alive; `told` is called then.
    """

    pieces: tuple[str, ...] = ()
    finish: str = "stop"
    gate: asyncio.Event | None = None
    pace: float = 0.0
    usage: bool = True
    reasoning: Iterable[str] = ()
    ending: Literal["done", "drop", "silence", "malformed", "comments", "close"] | Json = "done"
    last_words: Literal["usage", "drop", "silence"] = "usage"
    between: str = ""
    told: Callable[[], None] = field(default=lambda: None, repr=False)  # its address differs in every worker


@dataclass(frozen=True, slots=True)
class Refuse:
    """An answer with an HTTP error: a JSON body, or a text that is none; held back until `gate` is set.

    `broken` cuts the connection within the body.
    """

    status: int
    body: Json | Sequence[Json] | str = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """No answer: the connection is cut."""


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer and no cut, until the client leaves: nothing at all, or a stream's headers, or comments as well."""

    after: Literal["nothing", "headers", "comments"] = "nothing"


Behaviour = Say | Refuse | Drop | Hang


def openai_error(message: str, code: str | None, kind: str = "invalid_request_error") -> Json:
    """An error of OpenAI's API (API reference, error codes)."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def vllm_error(message: str, param: str | None = None, status: int = 400) -> Json:
    """An error of vLLM; a prompt that is too long has `param` `input_tokens` since 0.16, and only words before."""
    return {"error": {"message": message, "type": "BadRequestError", "param": param, "code": status}}


def refuse_crowding(request: ModelRequest) -> Refuse | None:
    """What vLLM says with the chat templates of Mistral and Gemma, unless the roles alternate (vLLM issue 6862)."""
    roles = [message.role for message in request.messages]
    talk = roles[1:] if roles[0] == "system" else roles
    if all(role == ("user", "assistant")[place % 2] for place, role in enumerate(talk)):
        return None
    told = "After the optional system message, conversation roles must alternate user/assistant/user/assistant/..."
    return Refuse(400, vllm_error(told))


def llama_error(kind: str, message: str, status: int = 400) -> Json:
    """An error of llama.cpp's server (tools/server, `format_error_response`)."""
    return {"error": {"code": status, "message": message, "type": kind}}


def gemini_error(message: str, reason: str) -> Sequence[Json]:
    """An error of Gemini's endpoint, which says 400 to a wrong key too (google-gemini/gemini-cli issue 25198)."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}]
    return [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": details}}]


def xai_error(message: str) -> Json:
    """An error of xAI's API, which says 400 to a wrong key too (openai/codex issue 1352)."""
    return {"code": "Client specified an invalid argument", "error": message}


def mistral_error(*field: str) -> Json:
    """What Mistral's API says of a field that it does not know, by its path in the body (dnakov/anon-kode issue 53)."""
    place = ["body", *field]
    detail = [{"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted", "input": True}]
    return {
        "object": "error",
        "message": {"detail": detail},
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


def form_refused(form: str) -> Refuse:
    """What LM Studio says to `json_object` (lmstudio-bug-tracker 169), and much the same of a schema."""
    taken = "text" if form == "json_schema" else "json_schema"
    return Refuse(400, {"error": f"'response_format.type' must be '{taken}'"})


def openrouter_error(status: int, message: str, **metadata: object) -> Json:
    """An error of OpenRouter's API (its docs, errors and debugging); a number is the only code that there is."""
    error: dict[str, object] = {"message": message, "code": status}
    return {"error": error | {"metadata": metadata} if metadata else error, "user_id": "user_1"}


class FakeModel(Listening):
    """The server; an async context manager.

    `respond` answers a request that no script is for. `prompt_tokens` and `completion_tokens` compute the usage, so
    that a test can play a model whose vocabulary differs from ours; by default they count words. `cached_tokens` is
    what a prompt cache is said to have held.
    """

    notices_leaving = True

    def __init__(
        self,
        respond: Callable[[ModelRequest], Behaviour | str] = lambda _: "Understood.",
        *,
        prompt_tokens: Callable[[ModelRequest], int] = lambda request: len(request.text.split()),
        completion_tokens: Callable[[str], int] = lambda text: len(text.split()),
        cached_tokens: Callable[[ModelRequest], int] = lambda _: 0,
    ) -> None:
        self.requests: list[ModelRequest] = []
        self.connections: set[object] = set()
        """The client's ends of the connections on which requests came."""
        self.left = 0
        """How many requests the client left before their answer had ended."""
        self.respond = respond
        self._prompt_tokens = prompt_tokens
        self._completion_tokens = completion_tokens
        self._cached_tokens = cached_tokens
        self._script: deque[Behaviour] = deque()
        super().__init__(Changes())

    @property
    def base_url(self) -> str:
        """The address to hand to a client."""
        return f"http://{self.address}/v1"

    def web_app(self) -> web.Application:
        """See `Listening.web_app`: what is left of the script stays."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._handle)
        return app

    def asked(self) -> list[str]:
        """See `Listening.asked`: the models that were asked."""
        return [request.model for request in self.requests]

    def script(self, *behaviours: Behaviour | str) -> None:
        """Lay out what happens to the next requests, one each; a string is an answer in one piece."""
        self._script.extend(as_behaviour(each) for each in behaviours)

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        request = parse_request(await http.text(), {name.lower(): value for name, value in http.headers.items()})
        self.requests.append(request)
        if http.transport:
            self.connections.add(http.transport.get_extra_info("peername"))
        self._changes.mark()
        behaviour = self._script.popleft() if self._script else as_behaviour(self.respond(request))
        try:
            match behaviour:
                case Refuse():
                    return await self._refuse(http, behaviour)
                case Drop():
                    cut(http)
                    return web.Response()
                case Hang(after):
                    await self._hang(http, after)
                case Say() if not request.stream:
                    if behaviour.gate:
                        await behaviour.gate.wait()
                    return web.json_response(self._whole(request, behaviour))
                case Say():
                    return await self._stream(http, request, behaviour)
        except (asyncio.CancelledError, ConnectionError):
            self.left += 1
            raise
        finally:
            self._changes.mark()
        raise AssertionError("every behaviour is handled")

    async def _refuse(self, http: web.Request, refuse: Refuse) -> web.StreamResponse:
        if refuse.gate:
            await refuse.gate.wait()
        body = refuse.body if isinstance(refuse.body, str) else json.dumps(refuse.body)
        length = {"Content-Length": str(len(body) + 1000)} if refuse.broken else {}
        response = web.StreamResponse(
            status=refuse.status, headers={"Content-Type": "application/json", **length, **refuse.headers}
        )
        await response.prepare(http)
        await response.write(body.encode())
        if refuse.broken:
            cut(http)
        return response

    async def _hang(self, http: web.Request, after: str) -> None:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        if after != "nothing":
            await response.prepare(http)
        while after == "comments":
            await comment(response)
        await asyncio.Event().wait()

    async def _stream(self, http: web.Request, request: ModelRequest, say: Say) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(http)
        await send(response, choice(request, {"role": "assistant", "content": ""}))
        for thought in say.reasoning:
            await send(response, choice(request, {"reasoning_content": thought}))
        for piece in say.pieces:
            await send(response, choice(request, {"content": piece}))
            await response.write(say.between.encode())
            say.told()
            await asyncio.sleep(say.pace)
            if say.gate:
                await say.gate.wait()
        await self._end(http, response, request, say)
        return response

    async def _end(self, http: web.Request, response: web.StreamResponse, request: ModelRequest, say: Say) -> None:
        match say.ending:
            case "drop":
                cut(http)
            case "silence":
                await asyncio.Event().wait()
            case "comments":
                while True:
                    await comment(response)
            case "malformed":
                await response.write(b'data: {"choices": [\n\n')
            case "done":
                await self._finish(http, response, request, say)
            case "close":
                pass
            case error:
                await send(response, error)

    async def _finish(self, http: web.Request, response: web.StreamResponse, request: ModelRequest, say: Say) -> None:
        if say.finish:
            await send(response, choice(request, {}, say.finish))
        if say.last_words != "usage":
            await self._end(http, response, request, replace(say, ending=say.last_words))
        if say.usage:
            usage = self._usage(request, "".join(say.pieces))
            await send(response, {**choice(request, {}), "choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")

    def _whole(self, request: ModelRequest, say: Say) -> Json:
        text = "".join(say.pieces)
        message = {"role": "assistant", "content": text, "refusal": None}
        whole = choice(request, {}) | {
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": say.finish, "logprobs": None}],
        }
        return whole | {"usage": self._usage(request, text)} if say.usage else whole

    def _usage(self, request: ModelRequest, text: str) -> Json:
        prompt, completion = self._prompt_tokens(request), self._completion_tokens(text)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": self._cached_tokens(request)},
        }


def as_behaviour(each: Behaviour | str) -> Behaviour:
    """A string is an answer in one piece."""
    return Say((each,)) if isinstance(each, str) else each


def parse_request(body: str, headers: Mapping[str, str]) -> ModelRequest:
    """Parse the body of a request; a test fails where a client sends what is not of the format."""
    fields = json.loads(body)
    return ModelRequest(
        model=fields["model"],
        messages=tuple(Said(message["role"], message["content"]) for message in fields["messages"]),
        stream=fields.get("stream", False),
        max_tokens=fields.get("max_completion_tokens", fields.get("max_tokens")),
        headers=headers,
        fields=fields,
        body=body,
    )


def choice(request: ModelRequest, delta: Json, finish: str | None = None) -> dict[str, object]:
    """One chunk of a stream (API reference, the chat completion chunk object)."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": request.model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}],
    }


def cut(http: web.Request) -> None:
    """Cut the connection of a request; what is answered after that does not reach the client."""
    if http.transport:
        http.transport.abort()


async def send(response: web.StreamResponse, event: Json) -> None:
    """Send one server-sent event."""
    await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")


async def comment(response: web.StreamResponse) -> None:
    """Keep a connection alive with a comment, as OpenRouter does while a model is slow (its API docs)."""
    await response.write(b": OPENROUTER PROCESSING\n\n")
    await asyncio.sleep(0.005)
