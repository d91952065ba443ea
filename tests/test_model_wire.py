"""The far end at its worst: silent, gone, half an answer, or pointing elsewhere; each ends within its bound."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from errors import ModelMisconfigured, ModelUnreachable
from llm.client import OpenAIModel
from tests.fakes.model import Behaviour, FakeModel, Hang, Refuse, Say
from tests.model_talk import PROMPT, talk, within


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port where nobody refuses and nobody takes up a connection.

    Linux drops what would begin one when the queue of those not yet taken up is full (tcp(7), listen(2)).
    """
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = []
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(server.getsockname())
            waiting.append(client)
        yield server.getsockname()[1]
        for client in waiting:
            client.close()


class TestTimeouts:
    @pytest.mark.parametrize(
        "silent",
        [Hang(), Hang(after="headers"), Hang(after="comments"), Say(("Go",), ending="silence")],
        ids=["no answer", "headers and no token", "comments and no token", "silence midway"],
    )
    async def test_silence_ends_after_the_timeout_and_is_tried_again_once(self, silent: Behaviour) -> None:
        async with talk("hello", timeout_seconds=0.4) as it:
            await it.answer()
            async with within(0.8, 3):
                assert isinstance(await it.error(silent, silent), ModelUnreachable)
            assert len(it.asked) == 3
            await it.fake.wait_for(lambda: it.fake.left == 2)

    async def test_a_host_that_does_not_take_up_a_connection_is_given_up_sooner(self) -> None:
        waits: list[float] = []

        async def note(seconds: float) -> None:
            waits.append(seconds)

        with deaf_port() as port:
            url = f"http://127.0.0.1:{port}/v1"
            model = OpenAIModel(api_key="", base_url=url, name="m", timeout_seconds=0.6, sleep=note)
            for least, most in ((0.9, 3), (0, 0.29)):  # three attempts of 0.3 s, and later none
                async with within(least, most):
                    with pytest.raises(ModelUnreachable):
                        await anext(model.stream(PROMPT))
            assert len(waits) == 2
            await model.aclose()

    async def test_an_answer_that_came_to_its_end_is_whole_whatever_follows(self) -> None:
        """Some servers keep the connection open, or break it, where the usage was to come."""
        async with talk(timeout_seconds=1.6) as it:
            it.fake.script(Say(("whole",), last_words="silence"), Say(("again",), last_words="drop"))
            async with within(0.8, 1.55):
                assert [await it.answer(), await it.answer()] == ["whole", "again"]
        assert len(it.asked) == 2


class TestRefusals:
    async def test_a_refusal_that_breaks_off_is_a_broken_connection(self) -> None:
        async with talk(Refuse(500, broken=True), Refuse(400, broken=True), "ok") as it:
            assert await it.answer() == "ok"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_nobody_goes_where_a_server_points(self, status: int) -> None:
        """The prompt is for the configured address, and for no other that a server or a stranger names."""
        async with FakeModel() as elsewhere, talk(fallbacks=["n"]) as it:
            away = Refuse(status, "", {"Location": f"{elsewhere.base_url}/chat/completions"})
            assert isinstance(await it.error(away), ModelMisconfigured)
            assert it.asked == ["m"]
            it.fake.script(away, away)
            finding = (await it.model.check())[0]
            assert elsewhere.requests == []
        assert not finding.well
        assert "another address" in finding.cure
