"""The bot as a process that is killed, and what must be true after its next start.

    nursery    processes of the bot, each forked from one that has everything imported
    child      what runs inside of them: `bot.main`, held at every commit until the harness lets it go on
    edge       the fakes, at whose edge each request of the bot that writes is a boundary too
    stage      people, a model and a record around a bot; in `platforms` on each of them
    story      what people say, whether the bot is there or not
    ledger     what was said, what the model answered, what stands in the end, and the faults between them (pure)
    rounds     one story with one death at a chosen boundary or moment, and the verdict
    cases      small stories in which the bot dies at the very moment that some write is for

The boundaries of a story are discovered by telling it once without a death. They form one sequence, numbered from 1 by
occurrence: every commit of the database, and every request that writes once before and once after its effect.
"""
