"""Among many people each is found in the same texts as alone."""

from __future__ import annotations

import pytest

from dsar.mentions import Crowd, Mentions, mentions_of
from dsar.mentions.known_by import FullName, Identity, full_name
from tests.dsar.test_mentions import ANNA, CERTAIN, NAMES, OTHERS

BRUNO = Identity(
    emails=("bruno+lists@esimerkki.example", "o'brien@esimerkki.example"),
    phones=("+358407654321",),
    names=(
        FullName(("bruno",), ("makela", "maekelae")),
        FullName(("bruno",), ("de", "vries")),
    ),
    keys=("9b2504e0-4f89-11d3-9a0c-0305e82c3302",),
)
KEY = ANNA.keys[0]


@pytest.fixture
def crowd():
    strangers = [
        Identity(
            emails=(f"etu{n}.suku{n}@toinen.example",),
            phones=(f"+35850{n:07}",),
            names=(full_name(f"Etu{n}", f"Suku{n}"),),
            keys=(f"00000000-0000-4000-8000-{n:012}",),
        )
        for n in range(200)
    ]
    return Crowd((*strangers, ANNA, BRUNO))


@pytest.mark.parametrize("text", CERTAIN)
def test_every_spelling_of_an_address_or_number_is_found(crowd, text):
    assert crowd.certain(f"Terve, {text}, kiitos") == [ANNA]


@pytest.mark.parametrize("text", NAMES)
def test_every_form_of_a_name_is_found(crowd, text):
    assert crowd.names(f"Asiakas {text} soitti") == [ANNA]


@pytest.mark.parametrize("text", OTHERS)
def test_others_are_not_found(crowd, text):
    assert crowd.certain(text) == []
    assert crowd.names(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "邮箱bruno+lists@esimerkki.example",
        "o'brien(at)esimerkki.example",
        "Look at bruno+lists at esimerkki.example",
    ],
)
def test_an_address_is_found_whatever_stands_before_it(crowd, text):
    assert crowd.certain(text) == [BRUNO]


TAGGED = Identity(emails=("info+tag@toinen.example",), phones=("+358161234",))


@pytest.mark.parametrize(
    "text",
    [
        "info+tag+news@toinen.example",
        "016 1234",
        "+358 (0)16 1234",
        "０１６１２３４",
    ],
)
def test_a_short_number_and_an_address_with_two_tags_are_found_as_alone(text):
    assert Mentions(TAGGED).certain(text)
    assert Crowd((ANNA, TAGGED, BRUNO)).certain(text) == [TAGGED]


def test_digits_of_another_number_are_no_marks_between():
    assert not Mentions(TAGGED).certain("１６２４０１２３４")


def test_the_key_of_a_record_is_found_within_a_longer_number(crowd):
    for text in (f"contact {KEY}", "ab" + KEY.replace("-", "").upper() + "cd"):
        assert crowd.keys(text) == [ANNA] == [ANNA] * bool(Mentions(ANNA).keys(text))


def test_several_are_found_in_one_text(crowd):
    text = "Anna Virtanen ja Bruno Mäkelä: 0401234567, 040 765 4321"

    assert crowd.certain(text) == [ANNA, BRUNO]
    assert crowd.names(text) == [ANNA, BRUNO]


def test_who_is_left_out_is_not_found_and_comes_back(crowd):
    rest = crowd.besides([KEY])

    assert rest.certain("0401234567 ja 0407654321") == [BRUNO]
    assert rest.names("Anna Virtanen ja Bruno de Vries") == [BRUNO]
    assert rest.keys(KEY) == []
    assert crowd.names("Anna Virtanen") == [ANNA]


def test_a_name_in_two_columns_is_one_persons(crowd):
    both = {"first": "Anna", "last": "Virtanen", "note": "Helsinki"}

    assert crowd.name_in_columns(both) == ("first", "last")
    assert crowd.name_in_columns({"first": "Anna", "last": "de Vries"}) == ()
    assert crowd.besides([KEY]).name_in_columns(both) == ()


def test_people_who_are_called_the_same_are_all_found():
    namesakes = tuple(
        Identity(names=(full_name("Anna", "Virtanen"),), keys=(f"{n}",))
        for n in range(3)
    )

    assert Crowd(namesakes).names("Virtasen Anna") == list(namesakes)


def test_one_person_alone_is_no_crowd():
    assert isinstance(mentions_of((ANNA,)), Mentions)
    assert isinstance(mentions_of((ANNA, BRUNO)), Crowd)
