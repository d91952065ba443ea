"""Pure: what `bot.py check` says about a model, with the cure where it is not well."""

from __future__ import annotations

from errors import ContextTooLong, EmptyAnswer, ModelBusy, ModelMisconfigured, ModelRefused, ModelUnpaid
from llm.client.failures import UNPAID_CURE, WRONG_KEY, Failure, Kind, is_redirect, translate
from memory.types import Finding

_IN_WORDS = {
    Kind.UNCONNECTED: "cannot be reached",
    Kind.CONNECTION: "broke the connection off",
    Kind.TIMEOUT: "did not answer in time",
    Kind.SILENCE: "began to answer and fell silent",
    Kind.UNSENDABLE: "cannot be sent this request",
}

OPENAI = "https://api.openai.com/"
"""Where it is asked unless model.base_url says otherwise."""


def report(model: str, failure: Failure | None, url: str) -> Finding:
    """Say how one small request to a model went."""
    subject = f"model {model}"
    if failure is None or isinstance(translate(failure), EmptyAnswer):
        return Finding(subject, well=True, detail=f"answers at {url}")
    return Finding(subject, well=False, detail=f"{url} {_describe(failure)}", cure=cure(failure, url))


def _describe(failure: Failure) -> str:
    """What the endpoint did, in words."""
    if failure.status:
        return f"answered {failure.status}{f' ({failure.code})' if failure.code else ''}"
    return _IN_WORDS.get(failure.kind, "gave no answer that can be used")


def cure(failure: Failure, url: str) -> str:
    """Say what an operator can do about a failure."""
    match translate(failure):
        case ModelUnpaid():
            return UNPAID_CURE
        case ModelMisconfigured():
            return _cure_settings(failure, url)
        case ModelBusy():
            return "the endpoint is at its limit: wait, raise the limit of the account, or add model.fallbacks"
        case ContextTooLong() | ModelRefused():
            return "the endpoint refuses a small request: lower model.max_reply_tokens, or choose another model.name"
        case _ if url.startswith(OPENAI):
            return "see that this machine reaches api.openai.com, and https://status.openai.com"
        case _:
            return f"nothing usable answers at {url}: is the server running, is model.base_url right (often …/v1)?"


def _cure_settings(failure: Failure, url: str) -> str:
    match failure.status:
        case _ if failure.code == WRONG_KEY:
            return _cure_key(url)
        case status if is_redirect(status):
            return f"{url} only points to another address: put the one that answers itself into model.base_url"
        case 401:
            return _cure_key(url)
        case 403:
            return "the key may not use this model: choose another model.name, or grant it to the key's project"
        case 404:
            return f"{url} knows no such model: mend model.name, or model.base_url where that is no …/v1 address"
        case _:
            return "the request can't be sent: look for stray characters in OPENAI_API_KEY and model.base_url"


def _cure_key(url: str) -> str:
    return f"put a key that {url} accepts into .env: OPENAI_API_KEY=…"
