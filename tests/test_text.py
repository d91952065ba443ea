"""A long answer is cut into messages without losing a character or breaking a code block."""

from __future__ import annotations

import re
from itertools import pairwise, zip_longest

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.text import LEAST_LIMIT, Piece, clean, cut, display_name, split, units

LIMITS = st.integers(LEAST_LIMIT, 260)
MARKS = [
    "```",
    "~~~",
    "````",
    "`````py",
    "```python\n",
    "~~~ js title",
    "```\n",
    "\n```\n",
    "\n   ```\n",
    "`",
    "``",
    "~",
    "` ``` `",
    "Run ```sh\n",
    "y = 2```\n",
    "``` then ",
    "\n> ```py\n> x",
    "\n> ```\n",
    "\n``````\n",
]
BLANKS = ["\n", "\n\n", "\n\n\n", " ", "  ", "    ", "\t", "\r\n", "\u3000", " " * 120]
PROSE = [
    "- ",
    "1. ",
    "> ",
    "word",
    "A sentence. ",
    "x = 1\n",
    "    return x\n",
    "👩‍👩‍👧‍👦",
    "🇩🇪",
    "e\u0301",
    "漢字が続く。",
]
LONG = ["https://example.org/" + "path/" * 12, "-" * 70, "`" * 40, "lorem ipsum, " * 8, "y" * 130, "😀" * 30]
TEXTS = st.lists(st.sampled_from(MARKS + BLANKS + PROSE + LONG), max_size=40).map("".join)


def opens_on_discord(text: str) -> bool:
    """Whether a ``` is left beside the code that Discord's client finds: blocks, and inline code within a line."""
    code = r"```.*?```|(?<!`)(`{1,2})(?!`)[^\n]*?(?<!`)\1(?!`)"
    return "```" in re.sub(code, "", text, flags=re.DOTALL)


def opens_in_commonmark(text: str) -> bool:
    """Whether a ~~~ or a fence longer than ``` is open at the end, where Discord has no block open at its beginning."""
    marks = ""
    before = 0
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        bare = re.sub(r"^(?:[-*+][ \t]|\d{1,3}[.)][ \t]|[ \t>])*", "", line.rstrip())
        opening = re.match(r"`{4,8}(?=[^`]*$)|~{3,8}(?!~)", bare)
        if marks:
            alone = line.lstrip(" \t>").rstrip()
            marks = "" if len(alone) >= len(marks) and not alone.strip(marks[0]) else marks
        elif opening and not opens_on_discord(text[:before]):
            marks = opening[0]
        before += len(line)
    return bool(marks)


def opens(text: str) -> bool:
    """Whether a code block is open at the end of a message to any reader."""
    return opens_on_discord(text) or opens_in_commonmark(text)


def runs(fences: str) -> list[str]:
    """The runs of marks of added fences, one a line."""
    return [run for line in fences.splitlines() for run in re.findall(r"`+|~+", line)]


def unaccounted(text: str, pieces: list[Piece]) -> list[str]:
    """What the pieces leave out of the text, but for white space and closing fences that were shown already."""
    left = []
    for before, after in zip([None, *pieces], [*pieces, None], strict=True):
        gap = text[before.end if before else 0 : after.start if after else len(text)]
        closed = [run[0] for run in runs(before.closing)] if before and "\n" in gap else []
        gone = [run for run in gap.split() if run.strip(">")]
        if any(set(run) != {mark} for run, mark in zip_longest(gone, closed[: len(gone)], fillvalue="")):
            left.append(gap)
    return left


@given(TEXTS, LIMITS)
@example("```\nx" + "`" * 200, 100)
def test_no_character_of_an_answer_is_lost(text: str, limit: int) -> None:
    pieces = cut(text, limit)

    assert all(text[piece.start : piece.end] == piece.body for piece in pieces)
    assert all(before.end <= after.start for before, after in pairwise(pieces))
    assert unaccounted(text, pieces) == []


@given(TEXTS, LIMITS)
@example("a" * 95 + "\n```", 100)
@example("```\n" + "x" * 400, 100)
@example(" " * 150 + "word", 100)
@example("``````md\n```py\n```", 100)
def test_every_message_fits_is_not_blank_and_closes_what_it_opens(text: str, limit: int) -> None:
    for piece in split(text, limit):
        assert units(piece) <= limit
        assert piece.strip()
        assert not opens(piece)


@given(TEXTS, LIMITS)
def test_what_is_added_is_only_the_fence_that_the_message_before_left_open(text: str, limit: int) -> None:
    pieces = cut(text, limit)

    for before, after in zip([None, *pieces], pieces, strict=False):
        if after.opening:
            assert before is not None
            assert opens(before.opening + before.body)
            assert set(runs(after.opening)) <= set(runs(before.closing))
        if after.closing:
            assert opens(after.opening + after.body)


@given(TEXTS, LIMITS, st.data())
def test_earlier_messages_never_change_while_the_answer_grows(text: str, limit: int, data: st.DataObject) -> None:
    whole = split(text, limit)
    begin = split(text[: data.draw(st.integers(0, len(text)), label="characters so far")], limit)

    assert begin[:-1] == whole[: max(0, len(begin) - 1)]


def test_earlier_messages_never_change_at_any_character_of_a_real_answer() -> None:
    code = "\n".join(f"    total += items[{number}].price  # {number}" for number in range(20))
    text = f"Here is how.\n\n- first\n  ```python\ndef f():\n{code}\n  ```\n\nThat is all. 👩‍👩‍👧‍👦 " * 3
    whole = split(text, 300)

    for end in range(len(text)):
        begin = split(text[:end], 300)
        assert begin[:-1] == whole[: max(0, len(begin) - 1)]


def test_a_text_that_fits_exactly_stays_one_message() -> None:
    assert split("a" * 2000, 2000) == ["a" * 2000]
    assert split("😀" * 1000, 2000) == ["😀" * 1000]


def test_an_emoji_counts_twice_as_the_strictest_platform_counts() -> None:
    assert [units(piece) for piece in split("😀" * 1001, 2000)] == [2000, 2]


def test_nothing_and_white_space_make_no_message() -> None:
    assert split("", 100) == []
    assert split(" \n\n \t\n", 100) == []


def test_a_limit_too_small_for_two_fences_is_refused() -> None:
    with pytest.raises(ValueError, match="100"):
        split("text", LEAST_LIMIT - 1)


def test_paragraphs_are_kept_whole_where_they_can_be() -> None:
    assert split("a" * 60 + "\n\n" + "b" * 20 + "\n" + "c" * 40, 100) == ["a" * 60, "b" * 20 + "\n" + "c" * 40]


def test_lines_are_kept_whole_where_a_paragraph_is_too_long() -> None:
    assert split("a" * 60 + "\n" + "b c " * 20, 100) == ["a" * 60, ("b c " * 20).strip()]


def test_sentences_are_kept_whole_where_a_line_is_too_long() -> None:
    assert split("One two. " * 8 + "and " * 20, 100)[0] == ("One two. " * 8).strip()
    assert split("漢" * 59 + "。" + "字" * 60, 100) == ["漢" * 59 + "。", "字" * 60]


def test_words_are_kept_whole_where_a_sentence_is_too_long() -> None:
    assert split("some words " * 12, 100) == ["some words " * 8 + "some words", "some words some words some words"]


def test_a_cut_anywhere_does_not_part_an_emoji() -> None:
    family = "👩‍👩‍👧‍👦"

    for limit in range(100, 111):
        assert all(piece == family * (len(piece) // len(family)) for piece in split(family * 40, limit))
    assert all(units(piece) % 4 == 0 for piece in split("x" * 96 + "🇩🇪🇫🇷", 100)[1:])


def test_a_code_block_that_must_be_cut_is_closed_and_opened_again_with_its_language() -> None:
    lines = [f"line_{number} = {number}" for number in range(12)]
    first, second, *_ = split("```python\n" + "\n".join(lines) + "\n```\ndone", 130)

    assert first.startswith("```python\nline_0 = 0\n")
    assert first.endswith("\n```")
    assert second.startswith("```python\nline_")


def test_the_indentation_of_code_survives_a_cut() -> None:
    assert split("```py\n" + "if x:\n" + "    y()\n" * 20 + "```", 100)[1].startswith("```py\n    y()\n")


def test_a_cut_right_before_the_closing_fence_makes_no_empty_code_block() -> None:
    block = "```\n" + "x" * 65 + "\n```"

    assert split(f"{block}\n{'after ' * 10}", 100) == [block, ("after " * 10).strip()]
    assert split(block.removesuffix("`"), 100) == [block]


def test_a_code_block_is_not_begun_at_the_end_of_a_message() -> None:
    assert split("a" * 70 + "\n```py\n" + "b" * 60 + "\n```", 100) == ["a" * 70, "```py\n" + "b" * 60 + "\n```"]


def test_a_fence_is_not_cut_off_from_its_first_line_of_code() -> None:
    assert "code" in split(f"~~~py {'title ' * 9}\n{'code ' * 30}", 100)[0]


def test_a_cut_is_rather_made_before_a_code_block_than_in_it() -> None:
    block = f"```py\nx\n\n{'b' * 50}\n```"

    assert split(f"{'a' * 60}\n{block}", 100) == ["a" * 60, block]


def test_no_stump_of_a_message_is_made_for_the_sake_of_a_paragraph() -> None:
    assert len(split("Well.\n\n" + "words " * 40, 100)[0]) > 50


def test_a_line_drawn_with_tildes_opens_no_code_block() -> None:
    assert split(f"{'~' * 40}\ntext", 100) == [f"{'~' * 40}\ntext"]


def test_a_longer_fence_holds_shorter_ones() -> None:
    text = "````md\n" + "```py\nx = 1\n```\n" * 8 + "````"

    assert all(piece.startswith("````md\n```py\n") and piece.endswith("```\n````") for piece in split(text, 100))


def test_a_fence_in_a_list_is_a_fence() -> None:
    first, second = split("1. ```py\n" + "   y = 1\n" * 12 + "   ```", 110)

    assert first.endswith("\n   ```")
    assert second.startswith("   ```py\n   y = 1\n")


@pytest.mark.parametrize(
    "text",
    [
        "Run this: ```sh\nls -la\n```\nThat lists files.",
        "```py\ny = 2```\nAfter it",
        "Run ```ls``` and ```pwd``` there.",
        "> ```\n> quoted\n> ```\nAfter it",
        "A block begins with ` ``` `, or `` ``` ``.",
        "~~~md\n```py\nx = 1\n```\n~~~\nAfter it",
    ],
    ids=["opened in a line", "closed in a line", "within a line", "in a quotation", "inline code", "one in the other"],
)
def test_an_answer_whose_blocks_are_all_closed_is_left_as_it_is(text: str) -> None:
    assert split(text, 2000) == [text]


def test_a_code_block_that_begins_in_the_middle_of_a_line_is_one() -> None:
    first, *_, last = split("Intro: ```py\n" + "x = 1\n" * 40 + "```\nAfter it", 130)

    assert first.startswith("Intro: ```py\nx = 1\n")
    assert first.endswith("\nx = 1\n```")
    assert last.startswith("```py\nx = 1\n")
    assert last.endswith("\nx = 1\n```\nAfter it")


def test_a_code_block_in_a_quotation_stays_in_it() -> None:
    first, second = split("> ```py\n" + "> y = 1\n" * 12 + "> ```", 110)

    assert first.endswith("\n> y = 1\n> ```")
    assert second.startswith("> ```py\n> y = 1\n")
    assert second.endswith("\n> y = 1\n> ```")


def test_a_fence_in_code_that_quotes_a_character_is_not_taken_for_its_own() -> None:
    code = "```sh\n" + "x" * 64

    assert "".join(piece.body for piece in cut(f"{code}\n> ```\nAfter it {'word ' * 9}", 100)).count(">") == 1


def test_a_block_within_a_block_is_closed_and_opened_again_with_it() -> None:
    first, second = split("~~~md\n```py\n" + "y = 1\n" * 12 + "```\n~~~", 110)

    assert first.endswith("\ny = 1\n```\n~~~")
    assert second.startswith("~~~md\n```py\ny = 1\n")
    assert second.endswith("\ny = 1\n```\n~~~")


def test_a_code_block_still_being_written_is_closed_for_now() -> None:
    assert split("```py\nx = 1", 100) == ["```py\nx = 1\n```"]
    assert split("```py\nx = 1\n", 100) == ["```py\nx = 1\n```"]
    assert split("```py\nx = 1\n``", 100) == ["```py\nx = 1\n```"]


def test_what_no_database_takes_as_text_is_replaced_and_two_halves_are_the_character_that_they_make() -> None:
    assert clean("a\0b \ud800 c\udc00 \ud83d\ude42 \ufeff") == "a\ufffdb \ufffd c\ufffd 🙂 \ufeff"


def test_a_name_stands_on_one_line_and_cannot_turn_it_round() -> None:
    assert display_name("Ann\n\x00 [admin]\u2028:") == "Ann [admin] :"
    assert display_name("\u202egro.live\u202c \u2066x\u2069\u200f") == "gro.live x"
    assert display_name("👩‍👩‍👧‍👦 Müller") == "👩‍👩‍👧‍👦 Müller"
    assert display_name(" \n\u200e") == ""


def test_a_name_holds_nothing_that_is_not_seen() -> None:
    assert display_name("Al\u200bi\u00adce\ufeff\U000e0041\u3164") == "Alice"
    assert display_name("\u200d") == ""
    assert display_name("❤\ufe0f") == "❤\ufe0f"


def test_a_name_that_is_too_long_says_so() -> None:
    assert display_name("a" * 80) == "a" * 80
    assert display_name("a" * 81) == "a" * 79 + "…"
