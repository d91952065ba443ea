"""Which of the bot's turns repeat what was forgotten, and go with it."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.forgetting import EVERYDAY, UNSPACED, find_echo, telling_words
from memory.types import Forgetting, Place
from tests.kept import GENERAL, moment


def repeats(reply: str, *forgotten: str, kept: tuple[str, ...] = ()) -> bool:
    return find_echo(forgotten, kept)(reply)


def test_a_deletion_that_names_no_message_is_not_taken_for_one_of_the_whole_place() -> None:
    with pytest.raises(ValueError, match="names no message"):
        Forgetting(GENERAL, moment(1), messages=())


def test_whom_nobody_names_is_not_taken_for_everybody_on_a_platform() -> None:
    with pytest.raises(ValueError, match="names no user"):
        Forgetting(Place("discord", "", ""), moment(1), user="")


ECHOES = {
    "a name": ("My name is Zorblax.", "Nice to meet you, ZORBLAX!"),
    "a short name": ("I am Bo", "Hello Bo, how can I help?"),
    "a name in the possessive": ("My name is Zorblax", "That is Zorblax's turn."),
    "a name in italics": ("My name is Zorblax", "Hi __Zorblax__!"),
    "a name with a joined accent": ("I'm Zoe\u0308", "Hi Zo\u00eb"),
    "a code": ("the door opens with K7", "It is k7."),
    "a number": ("I am 47 years old", "You are 47."),
    "a digit": ("I have 3 cats", "That makes 3."),
    "a number in wide digits": ("my number is ５５１２", "5512, I noted it"),
    "a part of an address": ("write to ann@example.org", "I wrote to example.org"),
    "a word of a file's name": ("see tax_return_final.pdf", "I cannot read the tax files"),
    "a Japanese name": ("私の名前は田中です", "田中さん、こんにちは"),
    "a Chinese word inside a sentence": ("我住在上海", "你说过上海吗"),
    "a Korean name with another ending": ("제 이름은 김민수입니다", "김민수님 안녕하세요"),
    "a Thai word": ("ฉันชื่อสมชาย", "สวัสดีสมชาย"),
    "a Hindi name": ("मेरा नाम प्रिया है", "नमस्ते प्रिया"),
    "a Russian name": ("меня зовут Наташа", "Привет, НАТАША"),
    "a Russian name with an ending": ("меня зовут Зорблакс", "Я знаю Зорблакса"),
    "a German name with an ending": ("mein Hund heißt Bello", "Bellos Futter steht bereit"),
    "a name without its ending": ("das ist Bellos Napf", "Bello frisst daraus"),
    "a code without its hyphens": ("my token is xyz-abc-123", "it is xyzabc123"),
    "a code with hyphens": ("my token is XYZABC123", "it is xyz-abc-123"),
}


@pytest.mark.parametrize(("forgotten", "reply"), ECHOES.values(), ids=ECHOES)
def test_a_reply_that_repeats_a_forgotten_word_goes_too(forgotten: str, reply: str) -> None:
    assert repeats(reply, forgotten)


def test_any_one_of_the_forgotten_messages_betrays() -> None:
    assert repeats("Oslo it is", "hello", "I live in Oslo", "bye")


@pytest.mark.parametrize(
    ("forgotten", "reply"),
    [
        ("I don't know what you mean, isn't it?", "I don't know what it is, but isn't that good?"),
        ("I'll help, they've said we're late", "I'll say what they've done; we're good"),
        ("thank you, that is very good", "You are very right, thanks"),
        ("yes", "yes"),
        ("", "anything at all"),
        ("?!… 🙂", "🙂 fine"),
        ("a", "a b c"),
    ],
)
def test_everyday_words_betray_nothing(forgotten: str, reply: str) -> None:
    assert not repeats(reply, forgotten)


def test_a_reply_that_repeats_nothing_stays() -> None:
    assert not repeats("The meeting is on Friday", "My name is Zorblax and I live in Oslo")


def test_a_part_of_another_word_is_no_repetition() -> None:
    assert not repeats("Annual reports are due", "I am Ann")
    assert not repeats("Annabel is here", "I am Anna")
    assert not repeats("Zorblaxians they are called", "I live in Zorblax")
    assert not repeats("mine is 1234567", "it is 12345")


def test_what_other_people_said_too_and_keep_betrays_nothing() -> None:
    assert not repeats("The meeting is on Friday", "Friday suits me", kept=("let us meet on Friday",))
    assert not repeats("上海很大", "上海", kept=("我住在上海",))
    assert not repeats("They paint paintings", "my painting", kept=("two paintings",))
    assert repeats("Friday, Zorblax", "Friday suits me, Zorblax", kept=("let us meet on Friday",))


def test_where_nothing_is_forgotten_nothing_is_repeated() -> None:
    assert not find_echo([], ["words that are kept"])("words that are said")


@given(st.text(), st.text(), st.text())
def test_a_reply_that_quotes_a_telling_word_is_always_found(before: str, forgotten: str, after: str) -> None:
    for word in telling_words(forgotten):
        assert repeats(f"{before} {word} {after}", forgotten)


@given(st.text(), st.text(), st.sampled_from(["NFC", "NFD", "NFKC"]))
def test_how_letters_are_put_together_does_not_matter(
    forgotten: str, reply: str, form: Literal["NFC", "NFD", "NFKC"]
) -> None:
    assert repeats(reply, forgotten) == repeats(unicodedata.normalize(form, reply), forgotten)


ODD = st.sampled_from(
    "ab-_1nt's’d ve ll K7 \n\x1c\u0301\u0308\u200d\u212a\u0130\u0149\u03a3\u03c2\uff3f\u2460\ufb01"
    "\u7530\u4e2d\u79c1\u306e\u30fb\u0e04\u0e19\u092a\u094d"
)
TEXT = st.text(st.one_of(st.characters(), ODD))


def plain_words(text: str) -> set[str]:
    """The telling words by their definition alone, without a thought for speed."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", text.casefold()).casefold())
    folded = re.sub(r"n['’]t\b|['’](?:s|m|d|re|ve|ll)\b", "", folded)
    found = re.findall(r"(?:[^\W_]|[\u0300-\u036f\u0900-\u0dff])+", folded)
    runs = UNSPACED.findall(folded)
    pairs = {run[i : i + 2] for run in runs for i in range(len(run) - 1)}
    codes = {code.replace("-", "") for code in re.findall(r"[^\W_]+(?:-[^\W_]+)+", folded) if has_digit(code)}
    return ({word for word in found if len(word) > 1 or word.isdigit()} - set(runs) | pairs | codes) - EVERYDAY


def has_digit(word: str) -> bool:
    return any(c.isdigit() for c in word)


def are_forms(one: str, other: str) -> bool:
    """Whether a word is another one with at most two letters more."""
    shorter, longer = sorted((one, other), key=len)
    letters = not has_digit(longer) and len(shorter) >= 5
    return letters and longer.startswith(shorter) and len(longer) - len(shorter) in {1, 2}


@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=4))
def test_what_is_found_fast_is_what_the_definition_says(
    forgotten: list[str], kept: list[str], replies: list[str]
) -> None:
    betraying = {word for text in forgotten for word in plain_words(text)}
    harmless = {word for text in kept for word in plain_words(text)}
    betraying -= harmless
    repeats = find_echo(forgotten, kept)

    for reply in forgotten + replies:
        words = plain_words(reply)
        assert telling_words(reply) == words
        forms = any(are_forms(one, other) for one in betraying for other in words - harmless)
        assert repeats(reply) == (bool(betraying & words) or forms)


def test_the_everyday_words_are_written_as_words_are_compared() -> None:
    assert all(word == word.casefold() for word in EVERYDAY)
    assert telling_words(" ".join(EVERYDAY)) == frozenset()
