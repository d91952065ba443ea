"""The token counter counts as tiktoken's `o200k_base` does, without a network, and never raises for a text.

The golden counts were computed with tiktoken 0.14.0 over the published `o200k_base.tiktoken`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm import tokens

count = tokens.load_counter()

TIKTOKEN_URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
"""Where tiktoken would fetch the vocabulary; its cache names the file by this address's SHA-1 (`tiktoken.load`)."""


def test_the_shipped_vocabulary_is_the_published_one_byte_for_byte() -> None:
    text = tokens.tiktoken_text(tokens.read_vocabulary())
    assert hashlib.sha256(text).hexdigest() == "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


GOLDEN = [
    ("", 0),
    ("hello world", 2),
    ("The quick brown fox jumps over the lazy dog. It's what they've always done, isn't it?", 19),
    (
        "def fold(turns: list[Turn], *, keep: int = 6):\n    return None if len(turns) <= keep else turns[:-keep]\n",
        32,
    ),
    ("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", 32),
    ("🙂👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈🎉", 20),
    ("<@123456789012345678> could you ask <@987654321098765432>?", 21),
    ("<|endoftext|>", 7),
    ("a\r\n\r\n   b", 4),
    ("3.14159265358979", 7),
]


@pytest.mark.parametrize(("text", "expected"), GOLDEN)
def test_a_text_has_the_count_that_tiktoken_gives_it(text: str, expected: int) -> None:
    assert count(text) == expected


def test_the_encoding_is_tiktokens_own(tmp_path: Path) -> None:
    """Pattern, special tokens and counts, against tiktoken reading our vocabulary as if it had downloaded it."""
    cached = tmp_path / hashlib.sha1(TIKTOKEN_URL.encode(), usedforsecurity=False).hexdigest()
    cached.write_bytes(tokens.tiktoken_text(tokens.read_vocabulary()))
    program = (
        "import tiktoken; from llm import tokens\n"
        "theirs, ours = tiktoken.get_encoding('o200k_base'), tokens.load_encoding()\n"
        "assert theirs._pat_str == tokens.PATTERN and theirs._special_tokens == tokens.SPECIAL\n"
        "text = open(tokens.__file__).read() + '日本語 🙂 <|endoftext|>'\n"
        "assert theirs.encode_ordinary(text) == ours.encode_ordinary(text)\n"
    )
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], check=True, env={**os.environ, "TIKTOKEN_CACHE_DIR": str(tmp_path)}
    )


def test_counting_needs_no_network_and_no_cache(tmp_path: Path) -> None:
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise OSError('no network')\n"
        "sys.addaudithook(lambda event, _: refuse() if event.startswith('socket.') else None)\n"
        "from llm.tokens import load_counter; assert load_counter()('hello world') == 2\n"
    )
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], check=True, env={**os.environ, "TIKTOKEN_CACHE_DIR": str(tmp_path / "none")}
    )


def test_a_lone_surrogate_counts_as_the_character_that_is_sent_for_it() -> None:
    assert count("a \ud800 b") == count("a \ufffd b")


@given(st.text(st.characters(categories=None)))
def test_every_text_has_a_count(text: str) -> None:
    assert 0 <= count(text) <= 4 * len(text)


WORDS = st.text(alphabet="abZ019'.,!/\n\t é漢😀\u0301", max_size=30)


@given(st.lists(WORDS, max_size=30), st.integers(2, 40))
def test_slices_of_a_text_are_short_and_hold_all_of_it(words: list[str], size: int) -> None:
    text = " ".join(words)
    pieces = list(tokens.slices(text, size))
    assert "".join(pieces) == text
    assert all(len(piece) <= size for piece in pieces)


@given(st.lists(WORDS, min_size=1, max_size=30))
def test_counting_in_slices_is_exact_where_there_are_spaces(words: list[str]) -> None:
    """Each word is at most 31 characters with its mark, so the second half of 64 always has a place to cut."""
    text = "".join(f"{word}. " for word in words)
    whole = len(tokens.load_encoding().encode_ordinary(text))
    assert sum(count(piece) for piece in tokens.slices(text, 70)) == whole


@pytest.mark.parametrize("text", ["a" * 100_000, "0123456789" * 10_000, "漢字" * 50_000, " " * 100_000, "=" * 100_000])
def test_a_long_text_without_spaces_is_counted_within_three_tokens_a_slice(text: str) -> None:
    whole = len(tokens.load_encoding().encode_ordinary(text))
    assert abs(count(text) - whole) <= 3 * (len(text) // tokens.SLICE)


def test_a_million_spaces_are_counted() -> None:
    """The regular expressions of tiktoken alone overflow their stack on this."""
    assert 1_000_000 / 128 <= count(" " * 1_000_000 + "x") <= 8_000


def test_packing_and_unpacking_gives_a_vocabulary_back() -> None:
    source = tokens.tiktoken_text([b"a", b"\n", b"\x00\xff" * 100])
    assert tokens.tiktoken_text(tokens.unpack(tokens.pack(source))) == source


def test_a_vocabulary_whose_ranks_are_not_its_positions_is_not_packed() -> None:
    with pytest.raises(ValueError, match="line 2 has rank 7"):
        tokens.pack(b"YQ== 0\nYg== 7\n")


def test_the_check_of_the_tokenizer_is_well() -> None:
    assert tokens.check().well
