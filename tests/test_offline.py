"""The offline model knows what its prompt holds, says that no model is configured, and never fails."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm.offline.model import LONG_NOTICE, SHORT_NOTICE, OfflineModel
from memory.types import Delta, Message, Prompt
from tests.hunting import examples

NOTES = "<notes>\nNow: Friday, 20 November 2026, 17:25 (UTC)\n</notes>\n"
NOTHING = "Nothing said so far bears on that"

FACTS = (
    ("my name is Zorblax", "what is my name?", "Zorblax"),
    ("I live in Lisbon", "which city is my home?", "Lisbon"),
    ("my dog is called Biscuit", "what's my pet's name?", "Biscuit"),
    ("I'm allergic to peanuts", "what food must I avoid?", "peanuts"),
    ("I work as a nurse", "what is my job?", "nurse"),
    ("my birthday is 4 May", "when was I born?", "4 May"),
    ("my favourite colour is teal", "which color do I like best?", "teal"),
    ("the deploy key is in vault 7", "where do we keep the deployment key?", "vault 7"),
    ("my sister Ana is a pilot", "who flies planes in my family?", "Ana"),
    ("we decided to use Postgres", "which database did we choose?", "Postgres"),
    ("the meeting moved to Thursday 3pm", "when do we meet?", "Thursday"),
    ("I drive an old Saab", "what car do I have?", "Saab"),
)
MORE_FACTS = (
    ("call me Ishmael", "who am I", "Ishmael"),
    ("I grew up in Leeds", "where was I raised?", "Leeds"),
    ("I can't eat gluten", "which ingredient is bad for me?", "gluten"),
    ("I am 34 years old", "what's my age?", "34"),
    ("my wife's name is Clara", "who am I married to?", "Clara"),
    ("I play the cello", "what instrument do I play?", "cello"),
    ("our budget is 5000 euros", "how much money can we spend?", "5000"),
    ("the release is planned for 12 March", "when do we ship?", "12 March"),
    ("I have two kids", "how many children do I have?", "two"),
    ("my brother lives in Oslo", "where is my sibling based?", "Oslo"),
    ("The spare key is under the doormat", "Where can I find the spare key?", "doormat"),
    ("I'm afraid of spiders", "What scares me?", "spiders"),
    ("My flight leaves at 6:40am", "what time does my plane depart?", "6:40"),
    ("I take insulin every morning", "What medication am I on?", "insulin"),
    ("My landlord is Mr. Brown", "Who do I pay rent to?", "Brown"),
)


OTHER_WORDS = (
    ("my dog is called Wexler", "what name did I give my pet?", "Wexler"),
    ("I grew up in Tromso", "where did I spend my childhood?", "Tromso"),
    ("I can't stand coriander", "which herb do I hate?", "coriander"),
    ("I'm from Slovenia", "what country do I come from?", "Slovenia"),
    ("my sister Petunia lives in Lima", "where does my sibling live?", "Lima"),
    ("the wifi password here is plinth-4432", "how do I get online here?", "plinth-4432"),
    ("my phone number is 555-0199", "how can you call me?", "555-0199"),
    ("call me Captain Fizz", "what should you call me?", "Fizz"),
    ("I play the theremin", "which instrument do I make music with?", "theremin"),
    ("I am 178 cm tall", "what's my height?", "178"),
    ("our flat is on the fourth floor", "how high up do I live?", "fourth"),
    ("the bins are emptied on Wednesdays", "what day does the rubbish get collected?", "Wednesdays"),
    ("my watch belonged to my grandfather", "who had my wristwatch before me?", "grandfather"),
    ("our rabbit is scared of vacuum cleaners", "what is the bunny afraid of?", "vacuum"),
    ("the haircut is on Friday at ten", "when do I see the hairdresser?", "Friday"),
    ("we postponed the launch to spring", "when do we go live?", "spring"),
    ("the plumber comes at half past two", "what time will the pipes get fixed?", "half past two"),
    ("our daughter Imke starts school in August", "when does our girl go to class for the first time?", "August"),
    ("I have asthma", "what health condition do I suffer from?", "asthma"),
    ("I gave up smoking in May", "when did I stop with cigarettes?", "May"),
    ("I broke my left wrist skiing", "which bone did I fracture?", "wrist"),
    ("I run ten kilometres every morning", "how far do I jog?", "ten"),
    ("Priya will write the migration", "who is responsible for the migration?", "Priya"),
    ("the booking reference is QJ8RTT", "what's our reservation number?", "QJ8RTT"),
    ("the certificate runs out on 2 February", "when do we have to renew TLS?", "2 February"),
    ("the concert was moved to Sunday", "on which day is the gig now?", "Sunday"),
    ("our biggest customer is Orlex", "which client matters most to us?", "Orlex"),
    ("I own a Leica M6", "what camera do I have?", "Leica"),
    ("tulips are my favourite flowers", "what should one bring me in a bouquet?", "tulips"),
    ("I'm learning Welsh", "which language am I studying?", "Welsh"),
)


def count(text: str) -> int:
    """A counter of words, which is all that these tests need."""
    return len(text.split())


class Talk:
    """A direct conversation, kept as a prompt shows it."""

    def __init__(self, summary: str = "") -> None:
        head = "You are Threadkeeper."
        if summary:
            head += f"\n\n# Summary of the conversation so far\n{summary}"
        self.messages = [Message("system", head)]

    async def say(self, text: str) -> str:
        """Say one thing and return the answer."""
        messages = (*self.messages, Message("user", f"{NOTES}{text}"))
        answer = await OfflineModel(count).complete(Prompt(messages, tokens=10), 800)
        self.messages += [Message("user", text), Message("assistant", answer.text)]
        return answer.text


async def ask(*said: str) -> str:
    """Say all of it in one new direct conversation, and return the last answer."""
    talk = Talk()
    return [await talk.say(text) for text in said][-1]


async def ask_shared(*said: str) -> str:
    """The answer in a channel to the last of these lines, each with its speaker's name."""
    *before, last = said
    messages = (
        Message("system", "Be kind."),
        *(Message("user", text) for text in before),
        Message("user", NOTES + last),
    )
    return (await OfflineModel(count).complete(Prompt(messages, 10), 800)).text


async def fold(summary: str, turns: str, limit: int) -> str:
    """The offline summary of these turns."""
    request = f"<summary>\n{summary}\n</summary>\n<turns>\n{turns}\n</turns>"
    prompt = Prompt((Message("system", "Write the summary."), Message("user", request)), 10)
    return (await OfflineModel(count).complete(prompt, limit)).text


@pytest.mark.parametrize("facts", [FACTS, MORE_FACTS, OTHER_WORDS])
async def test_every_fact_is_found_when_asked_for_in_other_words(facts: tuple[tuple[str, str, str], ...]) -> None:
    talk = Talk()
    for number, (fact, question, _) in enumerate(facts):
        await talk.say(fact)
        if number % 3 == 1:
            await talk.say(question)
            await talk.say("thanks!")
    for fact, question, value in facts:
        answer = await talk.say(question)
        assert NOTHING not in answer, question
        assert answer.count("“") <= 2, answer
        assert f"“{fact}”" in answer, answer
        assert value in answer


async def test_the_first_answer_says_at_length_how_to_configure_a_model_and_the_others_are_short() -> None:
    talk = Talk()
    assert (await talk.say("my name is Zorblax")).startswith(LONG_NOTICE)
    assert "OPENAI_API_KEY" in LONG_NOTICE
    assert "model.base_url" in LONG_NOTICE
    assert await talk.say("what is my name?") == f"{SHORT_NOTICE} From what was said: “my name is Zorblax”"


@pytest.mark.parametrize(
    "text", ["my name is Zorblax", "remember that my locker is 12", "hello", "I live in Lisbon, ok?"]
)
async def test_a_statement_or_a_greeting_is_answered_in_one_line(text: str) -> None:
    assert "\n" not in await ask(text)


async def test_the_newest_statement_of_a_thing_outweighs_an_older_one() -> None:
    answer = await ask("my name is Zorblax", "I like tea", "my name is now Bob", "what is my name")
    assert "Bob" in answer
    assert "Zorblax" not in answer
    assert "Rome" not in await Talk("- root: I live in Rome. I live in Oslo.").say("where do I live?")
    answer = await ask("I live in Rome", "I no longer live in Rome, I moved to Oslo", "where do I live?")
    assert answer.endswith("“I no longer live in Rome, I moved to Oslo”")


async def test_a_nickname_takes_not_the_place_of_a_name() -> None:
    answer = await ask("my name is Zorblax", "everyone calls me Bix", "what is my name?")
    assert "“my name is Zorblax”" in answer
    assert "Bix" in await ask("my name is Zorblax", "everyone calls me Bix", "what's my nickname?")


async def test_a_denial_does_not_take_the_place_of_what_was_stated() -> None:
    assert "Zorblax" in await ask("my name is Zorblax", "my name is not Bob", "what is my name?")


@pytest.mark.parametrize(
    "question", ["what is my name", "tell me my name", "do you know what I am called", "I forgot what my name is"]
)
async def test_questions_are_never_quoted_as_evidence(question: str) -> None:
    answer = await ask("the sky is blue", question, question)
    assert "name" not in answer


async def test_the_models_own_lines_are_never_quoted() -> None:
    talk = Talk()
    talk.messages += [Message("user", "hello"), Message("assistant", "Your name is Wrong. I live in Atlantis.")]
    await talk.say("I like tea")
    assert "Wrong" not in await talk.say("what is my name?")


async def test_where_nothing_bears_on_the_question_it_says_so_and_quotes_what_was_said_last() -> None:
    answer = await ask("I like tea", "the sky is blue", "what is my shoe size?")
    assert NOTHING in answer
    assert "“I like tea”" in answer
    assert "“the sky is blue”" in answer
    assert "Nothing that I could quote" in await ask("where am I?")


async def test_my_name_is_not_the_bots_and_not_my_dogs() -> None:
    assert NOTHING in await ask("my name is Zorblax", "what is your name?")
    assert NOTHING in await ask("my dog is called Biscuit", "who am I?")
    assert NOTHING in await ask("my favourite colour is teal", "what is my favourite film?")


async def test_at_most_five_lines_are_quoted() -> None:
    said = [f"the server in room {room} is down" for room in range(9)]
    assert (await ask(*said, "which server is down?")).count("\n- ") == 5


async def test_several_statements_and_a_question_in_one_message_are_told_apart() -> None:
    answer = await ask("Hi! I have a brother. He lives in Oslo. Where is my brother based?")
    assert answer.endswith("“I have a brother. He lives in Oslo.”")


async def test_in_a_channel_my_name_is_what_i_said_and_not_what_another_said() -> None:
    answer = await ask_shared("Ana: my name is Ana Lima", "Tom: my name is Tom Reed", "Ana: what is my name?")
    assert "“my name is Ana Lima”" in answer
    assert "Reed" not in answer
    answer = await ask_shared("Ana: I live in Lisbon", "Tom: I live in Oslo", "Tom: where does Ana live?")
    assert answer.endswith("Ana: “I live in Lisbon”")


@pytest.mark.parametrize(
    "text", ["forget that", "Please delete everything you know about me", "Vergiss das.", "Forget."]
)
async def test_who_asks_it_to_forget_is_told_what_forgets(text: str) -> None:
    assert "Asking does not make me forget: `!forget` does" in await ask(text)


@pytest.mark.parametrize("text", ["help", "/help", "what can you do?"])
async def test_who_asks_for_help_gets_it(text: str) -> None:
    assert "; `!help` lists the commands." in await ask(text)


async def test_it_names_commands_as_they_are_typed_here() -> None:
    for text, named in (("forget it", "`%forget` does, and `%help` lists"), ("help", "`%help` lists the commands")):
        prompt = Prompt((Message("user", text),), 10)
        assert named in (await OfflineModel(count, prefix="%").complete(prompt, 800)).text


@pytest.mark.parametrize("text", ["Forget-me-nots are my flowers", "don't forget that I like tea", "Delete spam daily"])
async def test_what_only_sounds_like_it_is_noted(text: str) -> None:
    assert (await ask(text)).endswith("Noted.")


async def test_a_fact_is_quoted_without_its_date_and_what_has_no_name_without_its_number() -> None:
    notes = NOTES.replace("</notes>", "- Ann, note 2: I sing bass (2026-01-02)\n</notes>")
    prompt = Prompt((Message("system", "Be kind."), Message("user", f"{notes}what do I sing?")), 10)
    assert "Ann: “I sing bass”" in (await OfflineModel(count).complete(prompt, 800)).text


async def test_a_date_that_a_person_wrote_stays() -> None:
    assert "(2026-05-05)" in await Talk("- 2026-11-20 root: the launch is planned (2026-05-05)").say(
        "when is the launch?"
    )


async def test_messages_that_are_answered_together_are_all_read() -> None:
    messages = (
        Message("system", "x"),
        Message("user", "I live in Lisbon"),
        Message("user", f"{NOTES}where do I live?"),
        Message("user", "please"),
    )
    assert "Lisbon" in (await OfflineModel(count).complete(Prompt(messages, 10), 800)).text


async def test_what_only_the_summary_holds_is_found() -> None:
    assert "Zorblax" in await Talk("- 2026-11-20 root: my name is Zorblax.").say("what is my name?")
    assert "Lisbon" in await Talk("The user is named Zorblax and lives in Lisbon.").say("where do I live?")


async def test_recalled_lines_in_the_notes_are_found_and_the_clock_answers_for_itself() -> None:
    notes = NOTES.replace("\n</notes>", "\nTom, 3 May: “the deploy key is in vault 7”\n</notes>")
    prompt = Prompt((Message("system", "x"), Message("user", f"{notes}where is the deployment key?")), 10)
    assert "vault 7" in (await OfflineModel(count).complete(prompt, 800)).text
    assert "20 November 2026" in await ask("what day is it today?")
    assert "20 November 2026" in await ask("which day of the week is it?")
    assert "Sunday" in await ask("the concert is on Sunday", "on which day is the concert now?")


async def test_what_the_system_puts_in_brackets_is_nobodys_statement() -> None:
    quoted = '[in reply to Tom: "my name is Tom"]\nthe sky is blue'
    assert "Tom" not in await ask(quoted, "what is my name?")


@pytest.mark.parametrize(
    ("fact", "question", "value"),
    [
        ("我叫佐布拉克斯", "我叫什么名字？", "佐布拉克斯"),
        ("私の犬の名前はポチです", "犬の名前は何ですか", "ポチ"),
        ("제 이름은 조블락스입니다", "제 이름은 무엇입니까?", "조블락스"),
        ("ich heiße Otto", "wie heiße ich?", "Otto"),
        ("me llamo Inés", "¿cómo me llamo?", "Inés"),
    ],
)
async def test_facts_are_found_in_other_languages_and_scripts(fact: str, question: str, value: str) -> None:
    answer = await ask("the sky is blue", fact, "今天天气很好", question)
    assert NOTHING not in answer
    assert value in answer


async def test_a_long_statement_is_quoted_around_what_was_asked_for() -> None:
    answer = await ask(
        f"{'lorem ipsum ' * 20} the deploy key is in vault 7 {'dolor sit ' * 20}", "where is the deploy key?"
    )
    assert "vault 7" in answer
    assert len(answer) < 420


async def test_the_stream_holds_the_same_answer_in_words_and_ends_with_its_usage() -> None:
    prompt = Prompt((Message("system", "x"), Message("user", f"{NOTES}my name is Zorblax")), tokens=31)
    deltas = [delta async for delta in OfflineModel(count).stream(prompt)]
    answer = await OfflineModel(count).complete(prompt, 800)
    assert "".join(delta.text for delta in deltas) == answer.text
    assert all(count(delta.text) == 1 for delta in deltas[:-1])
    assert deltas[-1] == Delta(usage=answer.usage)
    assert (answer.usage.model, answer.usage.counted) == ("offline", 31)
    assert answer.usage.completion_tokens == count(answer.text)


TURNS = """\
[2026-11-20 17:20] Ana: hello!
[2026-11-20 17:21] Ana: my name is Ana and I live in Lisbon
[2026-11-20 17:21] You: Nice to meet you, I live in a computer.
[2026-11-20 17:22] Tom: what time is it?
[2026-11-20 17:23] Tom: we decided to use Postgres
and the deploy key is in vault 7
[2026-11-20 17:24] Ana: the weather is nice"""


async def test_a_summary_keeps_what_people_stated_and_drops_questions_chat_and_the_models_own_lines() -> None:
    summary = await fold("", TURNS, 200)
    assert "Ana: my name is Ana and I live in Lisbon" in summary
    assert "Tom: we decided to use Postgres. and the deploy key is in vault 7" in summary
    for dropped in ("hello", "what time", "computer"):
        assert dropped not in summary


async def test_a_tight_summary_keeps_names_numbers_and_decisions_before_small_talk() -> None:
    summary = await fold("", TURNS, 28)
    assert "Lisbon" in summary
    assert "vault 7" in summary
    assert "weather" not in summary


async def test_a_summary_of_a_summary_keeps_its_lines_and_drops_what_was_replaced() -> None:
    first = await fold("", TURNS, 200)
    second = await fold(first, "[2026-11-21 09:00] Ana: my name is now Anabel", 200)
    assert "- 2026-11-20 Tom: we decided to use Postgres." in second
    assert "- 2026-11-21 Ana: my name is now Anabel." in second
    assert await fold(second, "", 200) == second


async def test_a_name_told_before_a_fold_is_found_after_it() -> None:
    summary = await fold("", "[2026-11-20 17:21] root: my name is Zorblax\n[2026-11-20 17:22] You: Noted.", 50)
    assert "Zorblax" in await Talk(summary).say("what is my name?")


async def test_where_nobody_states_anything_the_summary_is_still_not_empty() -> None:
    assert await fold("", "[2026-11-20 17:20] Ana: hello\n[2026-11-20 17:21] Ana: what time is it?", 50)


@given(summary=st.text(max_size=80), turns=st.lists(st.text(max_size=60), max_size=6), limit=st.integers(1, 60))
@settings(max_examples=examples(60))
async def test_a_summary_never_exceeds_its_ceiling(summary: str, turns: list[str], limit: int) -> None:
    lines = "\n".join(f"[2026-11-20 17:25] Ana: {turn}" for turn in turns)
    assert count(await fold(summary, lines, limit)) <= limit


@given(contents=st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text(max_size=80)), max_size=6))
@settings(max_examples=examples(80))
async def test_whatever_the_prompt_holds_there_is_an_answer_and_the_same_one_each_time(
    contents: list[tuple[str, str]],
) -> None:
    roles = {"system": "system", "user": "user", "assistant": "assistant"}
    prompt = Prompt(tuple(Message(roles[role], text) for role, text in contents), 10)  # type: ignore[arg-type]
    first = await OfflineModel(count).complete(prompt, 800)
    assert first.text
    assert first == await OfflineModel(count).complete(prompt, 800)
