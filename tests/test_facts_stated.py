"""Whether somebody states a thing about himself: plain statements of many languages do, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.facts.stated import may_state, states

STATED = [
    ("I live in Oslo", "Oslo"),
    ("i live in oslo. i work at acme", "acme"),
    ("I don't smoke. I live in Oslo", "Oslo"),
    ("My birthday is on 5 May", "5 May"),
    ("I'm vegetarian", "vegetarian"),
    ("my name is Ann", "Ann"),
    ("No, I live in Oslo now", "Oslo"),
    ("I'm not from Norway, but I live in Oslo", "Oslo"),
    ("Don't forget that I live in Oslo", "Oslo"),
    ("I live in Oslo, not Bergen", "Oslo"),
    ("I live in Oslo, and you?", "Oslo"),
    ("Bob, I work at Acme", "Acme"),
    ('My favourite film is "Alien"', "Alien"),
    ("I use neovim and I hate Java", "Java"),
    ("I have two kids", "two"),
    ("My wife and I live in Oslo", "Oslo"),
    ("call me Al", "Al"),
    ("I'm allergic to peanuts!", "peanuts"),
    ("my dog is called Rex", "Rex"),
    ("I play the guitar in a band", "guitar"),
    ("Hi! I’m Ann and I’m a nurse in Bergen.", "nurse"),
    ("My sister visits me often, I live in Oslo", "Oslo"),
    ("I just moved from Bergen to Oslo", "Oslo"),
    ("We live in Oslo", "Oslo"),
    ("I speak French and German", "German"),
    ("I was born in 1990 in Kraków", "Kraków"),
    ("PS: I live in Oslo", "Oslo"),
    ("Ich wohne in Bergen", "Bergen"),
    ("Mein Name ist Jörg und ich arbeite bei Siemens", "Siemens"),
    ("Meine Lieblingsfarbe ist Blau", "Blau"),
    ("Ich bin am 3. Mai geboren", "3. Mai"),
    ("In Oslo wohne ich seit 2019", "Oslo"),
    ("J'habite à Lyon", "Lyon"),
    ("Je m'appelle Zoé et je travaille chez Renault", "Renault"),
    ("Mon anniversaire est le 5 mai", "5 mai"),
    ("Vivo en Madrid", "Madrid"),
    ("Me llamo Lucía y trabajo en una panadería", "panadería"),
    ("Mi color favorito es el azul", "azul"),
    ("Abito a Torino", "Torino"),
    ("Mi chiamo Luca e lavoro come medico", "Luca"),
    ("Il mio compleanno è il 5 maggio", "5 maggio"),
    ("Moro em Lisboa", "Lisboa"),
    ("Meu nome é João", "João"),
    ("Eu trabalho na Embraer", "Embraer"),
    ("Ik woon in Utrecht", "Utrecht"),
    ("Mijn naam is Sanne", "Sanne"),
    ("Ik werk als verpleegkundige", "verpleegkundige"),
    ("私は大阪に住んでいます。", "大阪"),
    ("大阪に住んでいます", "大阪"),
    ("私の名前は健です", "健"),
    ("我住在上海", "上海"),
    ("我叫小明，在腾讯工作", "腾讯"),
    ("我会弹吉他", "吉他"),
    ("저는 서울에 살아요", "서울"),
    ("제 이름은 민수입니다", "민수"),
    ("> you live where?\nI live in Oslo", "Oslo"),
    ("I think my favourite language is Rust", "Rust"),
]

NOT_STATED = [
    ("I don't live in Oslo", "Oslo"),
    ("I do not live in Oslo", "Oslo"),
    ("If I lived in Oslo I would be happy", "Oslo"),
    ("I would live in Oslo", "Oslo"),
    ("I'd love to live in Oslo", "Oslo"),
    ("I might move to Oslo", "Oslo"),
    ("maybe I live in Oslo", "Oslo"),
    ("I wish I lived in Oslo", "Oslo"),
    ("imagine I live in Oslo", "Oslo"),
    ("I'm considering Oslo", "Oslo"),
    ("Suppose I live in Oslo", "Oslo"),
    ("Do I live in Oslo?", "Oslo"),
    ("do I live in Oslo", "Oslo"),
    ("I live in Oslo?", "Oslo"),
    ("I live in Oslo, right?", "Oslo"),
    ("My sister lives in Oslo", "Oslo"),
    ("my sister's name is Bea", "Bea"),
    ("Bob lives in Oslo", "Oslo"),
    ("I know Bob lives in Oslo", "Oslo"),
    ('He said "I live in Oslo"', "Oslo"),
    ("He says I live in Oslo", "Oslo"),
    ('"I live in Oslo"', "Oslo"),
    ("“I live in Oslo” is a nice sentence", "Oslo"),
    ("> I live in Oslo", "Oslo"),
    ("```\nI live in Oslo\n```", "Oslo"),
    ("`I live in Oslo`", "Oslo"),
    ("Bob: I live in Oslo", "Oslo"),
    ("You live in Oslo", "Oslo"),
    ("I live in Oslo, just kidding", "Oslo"),
    ("I used to live in Oslo", "Oslo"),
    ("I no longer live in Oslo", "Oslo"),
    ("I live in Bergen but my brother lives in Oslo", "Oslo"),
    ("I have a friend who lives in Oslo", "Oslo"),
    ("My boss wants me in Oslo", "Oslo"),
    ("I think my mother lives in Oslo", "Oslo"),
    ("I live in Bergen, not Oslo", "Oslo"),
    ("I never lived in Oslo", "Oslo"),
    ("I hope to live in Oslo", "Oslo"),
    ("I want to move to Oslo", "Oslo"),
    ("Everyone lives in Oslo", "Oslo"),
    ("Oslo is not where I live", "Oslo"),
    ("they told me I live in Oslo", "Oslo"),
    ("I can't stand Oslo", "Oslo"),
    ("what if I live in Oslo", "Oslo"),
    ("Ich wohne nicht in Bergen", "Bergen"),
    ("Wenn ich in Bergen wohnen würde", "Bergen"),
    ("Meine Schwester wohnt in Bergen", "Bergen"),
    ("Er wohnt in Bergen", "Bergen"),
    ("Wohne ich in Bergen?", "Bergen"),
    ("Anna sagt, ich wohne in Bergen", "Bergen"),
    ("Je n'habite pas à Lyon", "Lyon"),
    ("Ma sœur habite à Lyon", "Lyon"),
    ("Si j'habitais à Lyon", "Lyon"),
    ("Il habite à Lyon", "Lyon"),
    ("No vivo en Madrid", "Madrid"),
    ("Mi hermana vive en Madrid", "Madrid"),
    ("Si viviera en Madrid", "Madrid"),
    ("¿Vivo en Madrid?", "Madrid"),
    ("Ella trabaja en Madrid", "Madrid"),
    ("Non abito a Torino", "Torino"),
    ("Mia sorella abita a Torino", "Torino"),
    ("Vorrei abitare a Torino", "Torino"),
    ("Não moro em Lisboa", "Lisboa"),
    ("Minha irmã mora em Lisboa", "Lisboa"),
    ("Talvez eu more em Lisboa", "Lisboa"),
    ("Ik woon niet in Utrecht", "Utrecht"),
    ("Mijn zus woont in Utrecht", "Utrecht"),
    ("Als ik in Utrecht woon", "Utrecht"),
    ("大阪に住んでいません", "大阪"),
    ("妹は大阪に住んでいます", "大阪"),
    ("大阪に住みたいです", "大阪"),
    ("大阪に住んでいますか？", "大阪"),
    ("我不住在上海", "上海"),
    ("我妹妹住在上海", "上海"),
    ("如果我住在上海", "上海"),
    ("你住在上海吗", "上海"),
    ("저는 서울에 살지 않아요", "서울"),
    ("제 친구는 서울에 살아요", "서울"),
    ("서울에 살아요?", "서울"),
    ("Mieszkam w Krakowie", "Krakowie"),
    ("The US is big", "big"),
    ("Oslo is nice", "Oslo"),
    ("My friend Tom is from Oslo", "Oslo"),
    ("I asked her and she lives in Oslo", "Oslo"),
    ("Her name is Ann", "Ann"),
    ("My daughter's birthday is 5 May", "5 May"),
    ("I'll be in Oslo next week", "Oslo"),
    ("I met Bob, he lives in Oslo", "Oslo"),
    ("my colleague and friend Tim works at Acme", "Acme"),
    ("Ann wrote: 'I live in Oslo'", "Oslo"),
    ("I pretend I live in Oslo", "Oslo"),
]


def is_stated(text: str, value: str) -> bool:
    at = text.casefold().index(value.casefold())
    return states(text, at, at + len(value))


@pytest.mark.parametrize(("text", "value"), STATED)
def test_what_somebody_says_plainly_of_himself_is_stated(text: str, value: str) -> None:
    assert is_stated(text, value)
    assert may_state(text)


@pytest.mark.parametrize(("text", "value"), NOT_STATED)
def test_what_is_denied_supposed_asked_quoted_or_about_somebody_else_is_not(text: str, value: str) -> None:
    assert not is_stated(text, value)


@given(st.text(max_size=200), st.data())
def test_any_text_can_be_asked(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert states(text, start, end) in {True, False}
