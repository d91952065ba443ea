"""How an index writes words: stems as Porter's paper gives them, folded letters, pairs of letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.stem import stem
from storage.words import LONGEST, words_of

_PAPER = (
    "caresses caress ponies poni ties ti cats cat feed feed agreed agre plastered plaster bled bled motoring motor"
    " sing sing conflated conflat troubled troubl sized size hopping hop tanned tan falling fall hissing hiss"
    " fizzed fizz failing fail filing file happy happi sky sky relational relat conditional condit rational ration"
    " valenci valenc digitizer digit conformabli conform radicalli radic differentli differ vileli vile"
    " analogousli analog vietnamization vietnam predication predic operator oper feudalism feudal"
    " decisiveness decis hopefulness hope callousness callous formaliti formal sensitiviti sensit sensibiliti sensibl"
    " triplicate triplic formative form formalize formal electriciti electr electrical electr hopeful hope"
    " goodness good revival reviv allowance allow inference infer airliner airlin gyroscopic gyroscop"
    " adjustable adjust defensible defens irritant irrit replacement replac adjustment adjust dependent depend"
    " adoption adopt homologou homolog communism commun activate activ angulariti angular homologous homolog"
    " effective effect bowdlerize bowdler probate probat rate rate cease ceas controll control roll roll"
)
PAPER = _PAPER.split()
"""The examples of M. F. Porter's paper, each word and then its stem, where the later steps leave them."""


@pytest.mark.parametrize(("word", "expected"), [*zip(PAPER[::2], PAPER[1::2], strict=True)])
def test_a_word_has_the_stem_that_porter_gives_it(word: str, expected: str) -> None:
    assert stem(word) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't think Caroline's painting wasn't good", ["think", "carolin", "paint", "good"]),
        ("l’été, O'Brien", ["l", "et", "o", "brien"]),
        ("https://x.example/some_path?a=1", ["http", "x", "exampl", "path", "1"]),
        ("猫が好き", ["猫", "猫が", "が好", "好", "好き"]),
        ("กินปลา", ["กิ", "ิน", "นป", "ปล", "ลา"]),
        ("of the and", []),
        ("👍 … !!", []),
    ],
)
def test_a_text_is_written_as_words(text: str, words: list[str]) -> None:
    assert list(words_of(text)) == words


@given(st.text())
def test_words_hold_nothing_that_a_query_could_take_for_more_than_a_word(text: str) -> None:
    for word in words_of(text):
        assert 0 < len(word) <= LONGEST
        assert not set(word) & set(" \t\n\x00\"':#*()^+-{}")
        word.encode()
