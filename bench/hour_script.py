"""What is said in the hour of `bench.hour`, and what is asked at its end.

Something worth knowing is said every few messages, in sentences of people's own; between them stands small talk. The
questions are in other words than the answers, and no question holds its answer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

GENERAL, RANDOM, THREAD, DIRECT, BOARD, CELLAR = "#general", "#random", "thread", "dm-ann", "#board", "#cellar"
OPEN = (GENERAL, GENERAL, GENERAL, RANDOM, THREAD)
"""Where small talk is made, each as often as it stands here."""

HIDDEN = frozenset({DIRECT, BOARD, CELLAR})
"""Told on Discord alone: a terminal is one place."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says to the bot somewhere; a `mark` names what is changed later."""

    place: str
    person: str
    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, where it is asked and by whom, and the words that must, or must not, stand in its request.

    `everywhere` says that it is asked in the terminal too, `alike` that it shares words with what was said: where it
    does not, facts alone can bring the answer.
    """

    place: str
    person: str
    text: str
    words: str
    heard: bool = True
    everywhere: bool = True
    alike: bool = True


CODE = "Here is how I got it unstuck:\n```python\ndef rewind(spool):\n    return spool.reverse(turns=37)\n```"

WORTH_KNOWING = (
    Said(GENERAL, "Ann", "I live in Tromsø these days, in a flat above the fish market."),
    Said(GENERAL, "Bob", "I'm allergic to hazelnuts, so please no nougat for me."),
    Said(GENERAL, "Bob", "Between us old friends, my salary is 58,300 euros a year.", "deleted"),
    Said(GENERAL, "Cleo", "The parcel with the lamp has the tracking number ZX-4410-K.", "edited"),
    Said(GENERAL, "Dan", "I am moving to Valparaíso in June, my new employer is Corvus Marine."),
    Said(DIRECT, "Ann", "Don't tell Bob: he gets a red kayak for his birthday, it cost 899 euros."),
    Said(GENERAL, "Ann", "The boiler in our cellar is a Viessmann Vitodens 222, built in 2016."),
    Said(BOARD, "Cleo", "The rent goes up to 1,340 euros a month from March, nobody knows that yet."),
    Said(GENERAL, "Bob", "The electricity meter stood at 48213.7 kWh this morning."),
    Said(CELLAR, "Bob", "The spare key hangs behind the barometer in the hall."),
    Said(GENERAL, "Cleo", "Our landlord is called Henrik Aasland, his office is at Storgata 91."),
    Said(GENERAL, "Ann", "The train to Bodø leaves at 07:42 on 14 November."),
    Said(GENERAL, "Bob", CODE),
    Said(GENERAL, "Cleo", "My birthday is on 19 September, and I want a cake with plums."),
    Said(RANDOM, "Bob", "My dog is called Pjotr and he is afraid of umbrellas."),
    Said(GENERAL, "Ann", "I will bring the ladder back to Mrs Okafor by Friday."),
    Said(RANDOM, "Cleo", "The best soup in town is at Café Lindqvist, they close at 15:30."),
    Said(THREAD, "Cleo", "For the hike we meet at the Sherpa steps at 06:30."),
    Said(GENERAL, "Bob", "We decided to paint the hall in RAL 6021, that pale green."),
    Said(GENERAL, "Ann", "Correction: the train to Bodø leaves at 08:17, they changed the timetable."),
    Said(RANDOM, "Ann", "I play the accordion in a band called The Slow Ferries."),
    Said(THREAD, "Ann", "The hut up there has 14 beds and costs 390 kroner a night."),
    Said(GENERAL, "Cleo", "The concert tickets are at https://tickets.example.org/o/88213."),
    Said(THREAD, "Bob", "I promise to carry the stove and two gas cartridges."),
    Said(GENERAL, "Bob", "The roofer wants 12,450 euros for the whole roof, scaffolding included."),
    Said(GENERAL, "Ann", "I moved: I live in Narvik now, the flat in Tromsø was too loud."),
    Said(GENERAL, "Cleo", "`systemctl restart lampd` brings the porch light back when it hangs."),
)

QUESTIONS = (
    Question(GENERAL, "Bob", "Where does Ann live nowadays?", "Narvik"),
    Question(GENERAL, "Cleo", "Which nuts must I keep away from Bob's plate?", "hazelnuts", alike=False),
    Question(GENERAL, "Bob", "Which boiler is it that stands in the cellar?", "Vitodens 222"),
    Question(GENERAL, "Cleo", "What did the electricity meter read?", "48213.7 kWh"),
    Question(GENERAL, "Ann", "What is the name of the landlord?", "Henrik Aasland"),
    Question(GENERAL, "Bob", "At what time does our train to Bodø depart?", "08:17"),
    Question(GENERAL, "Ann", "How did Bob get the spool unstuck, what was the code?", "spool.reverse(turns=37)"),
    Question(GENERAL, "Bob", "When is Cleo's birthday?", "19 September"),
    Question(GENERAL, "Cleo", "What has Ann promised about the ladder?", "Okafor by Friday"),
    Question(GENERAL, "Ann", "In which colour do we paint the hall?", "RAL 6021"),
    Question(GENERAL, "Bob", "Where can I find the tickets for the concert?", "https://tickets.example.org/o/88213"),
    Question(GENERAL, "Cleo", "How much does the roofer ask for?", "12,450 euros"),
    Question(GENERAL, "Ann", "How do I bring the porch light back?", "systemctl restart lampd"),
    Question(GENERAL, "Ann", "What is Bob's dog called?", "Pjotr"),
    Question(GENERAL, "Bob", "Where do we meet for the hike?", "Sherpa steps"),
    Question(RANDOM, "Cleo", "At which address is the landlord's office?", "Storgata 91"),
    Question(RANDOM, "Ann", "What does the roofer want for the roof?", "12,450 euros"),
    Question(RANDOM, "Bob", "Which instrument does Ann play?", "accordion"),
    Question(RANDOM, "Ann", "Until when does the place with the soup serve?", "15:30"),
    Question(THREAD, "Bob", "How many people can sleep in the hut, how many beds?", "14 beds"),
    Question(THREAD, "Ann", "Who carries the stove?", "two gas cartridges"),
    Question(THREAD, "Cleo", "Which train do we take to Bodø?", "08:17"),
    Question(DIRECT, "Ann", "What was it that Bob gets for his birthday?", "red kayak", everywhere=False),
    Question(DIRECT, "Ann", "What is the name of the landlord?", "Henrik Aasland", False, False),
    Question(BOARD, "Cleo", "What will the rent be from March on?", "1,340 euros", everywhere=False),
    Question(CELLAR, "Bob", "Where does the spare key hang?", "barometer", everywhere=False),
    Question(GENERAL, "Bob", "What do I get for my birthday, and what did it cost?", "kayak", False, False),
    Question(GENERAL, "Ann", "What will the rent be from March on?", "1,340", False, False),
    Question(DIRECT, "Ann", "Does the rent go up in March?", "1,340", False, False),
    Question(GENERAL, "Cleo", "Where does the spare key hang?", "barometer", False, False),
    Question(GENERAL, "Ann", "What is Bob's salary, how many euros a year?", "58,300", False, False),
    Question(RANDOM, "Ann", "How much does Bob earn, what is his salary?", "58,300", False, False),
    Question(GENERAL, "Bob", "What is the tracking number of the parcel with the lamp?", "ZX-7782-K", True, False),
    Question(GENERAL, "Ann", "The tracking number of the parcel, please?", "ZX-4410-K", False, False),
    Question(GENERAL, "Ann", "Where is Dan moving in June?", "Valparaíso", False),
    Question(RANDOM, "Cleo", "Who is Dan's new employer?", "Corvus Marine", False),
)

EDITED = "The parcel with the lamp has the tracking number ZX-7782-K."

_OPENINGS = ("Honestly,", "By the way,", "You know,", "So", "Well,", "Listen,", "Anyway,", "Hm,", "And", "I mean")
_SUBJECTS = (
    "the rain", "this chair", "my neighbour", "the old radio", "that film", "the cat next door", "the new bakery",
    "the bus driver", "the light out there", "somebody upstairs", "the whole street", "my grandmother",
    "the morning train", "our landlord", "the boiler", "the soup of yesterday", "the hut in the hills",
    "the post office and its parcels", "my birthday last year", "the roof", "the hall", "her dog", "the meter",
)  # fmt: skip
"""Half of them are what somebody asks about: to look for the word alone finds small talk."""

_VERBS = (
    "never stops", "makes me think of summer", "is louder than it should be", "surprised everybody",
    "could do with a bit of care", "gets better every week", "was not like that before", "keeps me awake",
)  # fmt: skip
_TAILS = (
    "and I can't say that I mind", "which is how these things go", "but who am I to complain",
    "as if it had been waiting for that", "so we sat there and laughed for a while", "and then the kettle boiled over",
    "and nobody knows what to do about it", "though it took some getting used to",
)  # fmt: skip
_ENDS = ("What do you think?", "Don't you agree?", "Funny, isn't it?", "That is all.", "Say something nice.", "")


@dataclass(slots=True)
class SmallTalk:
    """Sentences without anything to remember, of which no two sound quite alike."""

    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def chat(self, sentences: int) -> str:
        """So many sentences, and perhaps a question."""
        pick = self.chance.choice
        said = [f"{pick(_OPENINGS)} {pick(_SUBJECTS)} {pick(_VERBS)}, {pick(_TAILS)}." for _ in range(sentences)]
        return " ".join([*said, pick(_ENDS)]).strip()

    def answer(self) -> str:
        """What the bot says to whatever it is told."""
        return self.chat(self.chance.randint(1, 4))


def tell(messages: int) -> Iterator[Said]:
    """The hour: so many messages, what is worth knowing spread over all but the last tenth of them."""
    talk, people = SmallTalk(random.Random(2)), cycle(("Ann", "Bob", "Cleo"))
    places = cycle(OPEN)
    every = messages * 0.9 / len(WORTH_KNOWING)
    told = 0
    for number in range(messages):
        if told < len(WORTH_KNOWING) and number >= told * every:
            yield WORTH_KNOWING[told]
            told += 1
        else:
            yield Said(next(places), next(people), talk.chat(talk.chance.randint(1, 3)))
