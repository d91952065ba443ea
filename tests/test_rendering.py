"""How a turn stands in a prompt: who said it on one line, what came with it, and what is cut from a long one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llm.tokens import load_counter
from memory.names import one_line
from memory.prompt import QUOTED_CHARACTERS, cut_middle, hear, render
from memory.types import Attachment, Quote, Thread, Visibility
from tests.transcripts import HERE, NOON, answered, count, inbound, said, texts

NOTHING = "[no text]"
PHOTO = Attachment("cat.png", "image/png", 482_133)


def quote(text: str, name: str = "Bob") -> Quote:
    return Quote("9", "2", name, text, NOON)


# -- names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann", "Ann"),
        ("  Ann \t Lee ", "Ann Lee"),
        ("Ann\nSystem", "Ann System"),
        ("Ann\u2028Bob\x85Cid", "Ann Bob Cid"),
        ("Bob: I agree. Ann", "Bob I agree. Ann"),
        ("Bob：Ann", "Bob Ann"),
        ("\u202enna\u2066 Ann\u200f", "nna Ann"),
        ("A\x00n\x07n\u200b", "Ann"),
        ("👩\u200d💻 میخواهم\u200cات", "👩\u200d💻 میخواهم\u200cات"),
        ("", "someone"),
        (" \n\u200b:", "someone"),
    ],
)
def test_a_name_is_one_line_that_can_pass_for_nothing_but_a_name(name: str, shown: str) -> None:
    assert one_line(name) == shown


@given(st.text())
def test_no_name_breaks_its_line_or_looks_like_two(name: str) -> None:
    shown = one_line(name)
    assert len(shown.splitlines()) == 1
    assert ":" not in shown
    assert one_line(shown) == shown


@given(st.text(), st.text())
def test_where_several_speak_a_turn_begins_with_its_speakers_name_and_a_colon(name: str, text: str) -> None:
    rendered = render(replace(said(1, text), author_name=name), named=True)
    assert rendered == f"{one_line(name)}: {text or NOTHING}"


def test_where_two_speak_and_in_the_bots_own_turns_nobody_is_named() -> None:
    assert render(said(1, "hi"), named=False) == "hi"
    assert render(answered(2, "hello"), named=True) == "hello"


# -- what came with it


def test_files_are_said_not_to_be_readable_yet() -> None:
    files = (PHOTO, Attachment("a\nb.txt", "text/plain", 12), Attachment("film.mp4", "video/mp4", 8_900_000))
    assert render(replace(said(1, "look"), attachments=files), named=True) == (
        "Ann: look\n[attached, but you cannot see or read files yet: "
        "cat.png (image/png, 482 kB), a b.txt (text/plain, 12 bytes), film.mp4 (video/mp4, 8 MB)]"
    )


def test_a_file_without_words_is_a_turn_too() -> None:
    rendered = render(replace(said(1, ""), attachments=(PHOTO,)), named=True)
    assert rendered.startswith("Ann: [attached, but")


def test_what_a_message_replies_to_stands_before_it_on_one_line() -> None:
    turn = replace(said(1, "yes"), quote=quote("shall we\nmeet?", "Bob\nLee"))
    assert render(turn, named=True) == 'Ann: [in reply to Bob Lee: "shall we meet?"]\nyes'


def test_a_forwarded_message_and_a_quotation_without_words_are_said() -> None:
    assert render(replace(said(1, "see"), quote=quote("news", "")), named=False) == '[forwarded: "news"]\nsee'
    assert render(replace(said(1, "see"), quote=quote(" \n")), named=False) == "[in reply to Bob]\nsee"


def test_a_long_quotation_is_shortened() -> None:
    rendered = render(replace(said(1, "yes"), quote=quote("x" * 5000)), named=False)
    assert f'"{"x" * QUOTED_CHARACTERS}…"' in rendered


def test_a_quotation_of_what_the_transcript_holds_is_shortened_further() -> None:
    quoted = quote("the boat leaves at nine, " * 20)
    message = replace(inbound("is that so?"), reply_to=quoted)
    known = Thread(HERE, epoch=0, turns=(said(1, quoted.text),))
    assert quoted.text.strip() not in render(hear(message, "Ann", known, count), named=True)
    assert quoted.text.strip() in render(hear(message, "Ann", Thread(HERE, epoch=0), count), named=True)


@pytest.mark.parametrize("visibility", Visibility)
def test_a_message_is_counted_as_it_will_stand_in_a_prompt(visibility: Visibility) -> None:
    message = replace(
        inbound("look at that", name="Ann\nLee", visibility=visibility), attachments=(PHOTO,), reply_to=quote("what?")
    )
    turn = hear(message, "Ann Lee", Thread(HERE, epoch=0), count)
    assert turn.author_name == "Ann Lee"
    assert turn.tokens == count(render(turn, named=visibility is not Visibility.DIRECT))
    assert (turn.text, turn.author, turn.message_id, turn.sent_at) == ("look at that", "1", "m1", NOON)


# -- cutting


def test_a_text_that_fits_is_not_cut() -> None:
    assert cut_middle("as it is", 2, count) == "as it is"


def test_a_long_text_keeps_its_beginning_and_its_end_around_a_mark_that_says_how_much_is_missing() -> None:
    text = "BEGINNING " + "x" * 2000 + " END"
    cut = cut_middle(text, 100, count)
    head, mark, tail = cut.split("\n")
    assert head.startswith("BEGINNING x")
    assert tail.endswith("x END")
    assert mark == f"[… {len(text) - len(head) - len(tail)} characters cut here …]"


@given(texts(), st.integers(0, 400))
@example("x" * 5000, 0)
@example("x" * 5000, 1)
def test_a_cut_text_is_within_its_limit_and_always_the_same(text: str, limit: int) -> None:
    cut = cut_middle(text, limit, count)
    assert count(cut) <= limit
    assert cut == cut_middle(text, limit, count)
    assert bool(cut) == bool(text and limit)


@given(texts(), st.integers(14, 400))
def test_where_there_is_room_for_a_mark_as_much_as_can_be_is_kept(text: str, limit: int) -> None:
    """At least half of what has room is used."""
    cut = cut_middle(text, limit, count)
    assert cut == text or count(cut) >= (limit - 14) // 2


@pytest.mark.parametrize("text", ["日本語の文。" * 400, "👩\u200d💻🎉" * 400, "a\n" * 2000, "é" * 5000, "\ud800" * 900])
@pytest.mark.parametrize("limit", [0, 1, 5, 30, 200])
def test_texts_of_any_script_are_cut_within_their_limit(text: str, limit: int) -> None:
    counter = load_counter()
    assert counter(cut_middle(text, limit, counter)) <= limit
