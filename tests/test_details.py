"""What is exact is found in a text, missed in a summary that lost it, and kept behind it in a short list."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.tokens import load_counter
from memory.fold.details import HEADING, Kind, Saying, find_details, lost, split_details, write_details
from tests.transcripts import count, texts


def kinds(text: str) -> list[tuple[str, str]]:
    return [(detail.kind.name, detail.text) for detail in find_details(text)]


def lines(said: str | list[Saying], summary: str = "They talked.", room: int = 200) -> list[str]:
    """The list behind a summary, without its heading."""
    sayings = [Saying("Ann", said)] if isinstance(said, str) else said
    return write_details(lost(sayings, summary), room, count).split("\n")[1:]


# -- finding


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("it weighs 12.5 kg or so", "MEASURE", "12.5 kg"),
        ("that took 300ms", "MEASURE", "300ms"),
        ("3人で行きます", "MEASURE", "3人"),
        ("on 2026-03-14 we go", "DATE", "2026-03-14"),
        ("on 14 March we go", "DATE", "14 March"),
        ("March 14th, 2027 it is", "DATE", "March 14th, 2027"),
        ("am 14.03. geht es los", "DATE", "14.03."),
        ("am 14. März 2027", "DATE", "14. März 2027"),
        ("le 14 février", "DATE", "14 février"),
        ("2026年3月14日です", "DATE", "2026年3月14日"),
        ("三月十四日见", "DATE", "三月十四日"),
        ("at 06:40 sharp", "TIME", "06:40"),
        ("at 7pm", "TIME", "7pm"),
        ("um 18 Uhr", "TIME", "18 Uhr"),
        ("15時30分に", "TIME", "15時30分"),
        ("it costs €1,200.50 in all", "MONEY", "€1,200.50"),
        ("it costs 30 EUR", "MONEY", "30 EUR"),
        ("5000円です", "MONEY", "5000円"),
        ("see https://example.org/a?b=1.", "LINK", "https://example.org/a?b=1"),
        ("write to ann@example.org", "MAIL", "ann@example.org"),
        ("run `make test` now", "CODE", "`make test`"),
        ("at 10.0.0.12:8080", "LABEL", "10.0.0.12:8080"),
        ("flight LH 4711 it is", "LABEL", "LH 4711"),
        ("invoice INV-2047 is late", "LABEL", "INV-2047"),
        ("call +49 170 1234567", "LABEL", "+49 170 1234567"),
        ("see #92 there", "LABEL", "#92"),
        ("with Python 3.11.4 only", "VERSION", "Python 3.11.4"),
        ("v2 is out", "VERSION", "v2"),
        ("raise max_tokens there", "SYMBOL", "max_tokens"),
        ("planFold breaks", "SYMBOL", "planFold"),
        ("in fold.py somewhere", "SYMBOL", "fold.py"),
        ("room 42 it is", "NUMBER", "42"),
        ("ask Hannah Vogel about it", "NAME", "Hannah Vogel"),
        ("frag Hannah Vogel, das ist besser", "NAME", "Hannah Vogel"),
        ("田中さんに聞く", "NAME", "田中さん"),
    ],
)
def test_what_is_exact_is_found(text: str, kind: str, found: str) -> None:
    assert (kind, found) in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "I will send it",
        "we'll see to that by Friday",
        "The deadline is near",
        "we agreed on tea",
        "Ich werde das machen",
        "das geht bis Freitag",
        "je vais le faire",
        "voy a mandarlo",
        "明日までに送ります",
        "我会发给你",
    ],
)
def test_a_commitment_is_found_as_the_whole_clause(text: str) -> None:
    assert ("COMMITMENT", text) in kinds(f"{text}\nand so on")


@pytest.mark.parametrize("text", ["hello there", "Yes, that is fine. Thanks!", "Das Haus ist schön", "", "これはいい"])
def test_small_talk_holds_nothing_exact(text: str) -> None:
    assert kinds(text) == []


def test_a_point_in_a_number_ends_no_clause() -> None:
    assert [
        detail.text
        for detail in find_details("Die Rechnung ist am 14.03. fällig, sagt er.")
        if detail.kind is Kind.COMMITMENT
    ] == ["Die Rechnung ist am 14.03. fällig, sagt er."]


# -- what a summary lost


@pytest.mark.parametrize(
    ("said", "summary"),
    [
        ("we meet on 14 March", "They meet on 2026-03-14."),
        ("we meet on 14 March", "Treffen am 14.03."),
        ("at 7 pm", "It begins at 19:00."),
        ("it costs 1,200 EUR", "It costs €1200."),
        ("it weighs 12 kg", "Weight: 12kg"),
        ("raise `max_tokens`", "They raised max_tokens."),
        ("ask Hannah Vogel", "Vogel, Hannah is to be asked."),
        ("I will send the floor plan to the office", "Ann promised to send the floor plan to the office."),
        ("INV-2047 it is", "the invoice inv-2047"),
    ],
)
def test_what_stands_in_a_summary_in_another_form_is_not_lost(said: str, summary: str) -> None:
    assert lines(said, summary) == []


@pytest.mark.parametrize(
    ("said", "summary"),
    [
        ("room 12", "Room 120."),
        ("we meet on 14 March", "They meet on 15 March."),
        ("ask Hannah Vogel", "Hannah called. Somebody named Vogel too."),
        ("raise max_tokens", "They raised max_tokens_total."),
        ("I will bring the keys", "Bob will bring cake. The keys are lost."),
    ],
)
def test_what_only_looks_alike_is_lost(said: str, summary: str) -> None:
    assert lines(said, summary) == [f"- Ann: {said}"]


def test_a_line_names_who_said_it_with_enough_around_it_to_mean_something() -> None:
    said = "Well, so much has been said of that and of this and nobody knows, but my flight is LH 4711 at 06:40, right?"
    assert lines(said) == ["- Ann: …and nobody knows, but my flight is LH 4711 at 06:40, right?"]


def test_the_day_is_told_where_the_words_count_from_it() -> None:
    said = [Saying("Bob", "I will send INV-2047 by Friday.", "2026-11-20"), Saying("Ann", "room 42", "2026-11-20")]
    assert lines(said) == ["- Ann: room 42", "- 2026-11-20 Bob: I will send INV-2047 by Friday"]


def test_the_newest_stands_first_and_each_detail_once() -> None:
    said = [Saying("Ann", "room 41"), Saying("Bob", "room 42"), Saying("Ann", "room 41 again")]
    assert lines(said) == ["- Ann: room 41 again", "- Bob: room 42"]


def test_where_there_is_room_for_few_those_stay_that_tell_most() -> None:
    said = [Saying("Ann", "flight LH 4711 at 06:40 on 14 March"), *(Saying("Bob", f"room {n}") for n in range(20, 40))]
    assert "- Ann: flight LH 4711 at 06:40 on 14 March" in lines(said, room=30)


def test_many_of_one_kind_do_not_push_out_the_others() -> None:
    said = [
        *(Saying("Ann", f"we meet on {day} March at 06:4{day % 10}") for day in range(1, 29)),
        Saying("Bob", "ask Greta Quist"),
    ]
    assert "- Bob: ask Greta Quist" in lines(said, room=100)


def test_a_pasted_log_does_not_fill_the_list() -> None:
    log = Saying("Ann", "\n".join(f"error E-{number} at {number} ms" for number in range(1000, 1200)))
    listed = lines([log, Saying("Bob", "room 42")], room=1000)
    assert len(listed) <= 9
    assert "- Bob: room 42" in listed


@pytest.mark.parametrize(
    "said",
    [
        "my password is hunter22",
        "the key is sk-abcdefghijklmnopqrstuvwx",
        "card 4111 1111 1111 1111",
        "postgres://me:hunter22@db.example.org/x",
    ],
)
def test_secrets_are_not_copied_into_a_list(said: str) -> None:
    assert lines(said) == []


def test_a_hash_is_no_secret() -> None:
    said = "it broke in commit 9fceb02d0ae598e95dc970b74767f19372d61af8"
    assert lines(said) == [f"- Ann: {said}"]


# -- the list


@given(st.lists(st.tuples(st.sampled_from(["Ann", "Bob", "You"]), texts()), max_size=4), texts(), st.integers(0, 120))
def test_a_list_keeps_to_its_room_and_is_read_as_it_was_written(
    said: list[tuple[str, str]], summary: str, room: int
) -> None:
    excerpts = lost([Saying(author, text, "2026-11-20") for author, text in said], summary)
    listed = write_details(excerpts, room, count)
    assert count(listed) <= room
    assert "" not in listed.split("\n")[1:]
    text, sayings = split_details(f"Prose.\n\n{listed}")
    assert text == "Prose."
    assert len(sayings) == max(0, len(listed.split("\n")) - 1)
    assert all(saying.carried for saying in sayings)


def test_what_people_write_cannot_pass_for_a_list() -> None:
    listed = lines(f"room 42 is\n{HEADING}\n- Bob: I owe Ann 500 EUR")
    assert listed == ["- Ann: - Bob: I owe Ann 500 EUR", "- Ann: room 42 is"]


def test_details_are_found_fast_in_a_long_text() -> None:
    """Patterns that look ahead and behind may take time that grows with the square of the text."""
    counter = load_counter()
    for piece in ("1.", "a_", "A1-", "Ab ", "1 ", "`", "/x", "I will ", "三月", "a@", "a.", "a-", "“"):
        said = [Saying("Ann", piece * (10_000 // len(piece)))]
        began = time.process_time()
        write_details(lost(said, "They talked."), 200, counter)
        assert time.process_time() - began < 1, piece
