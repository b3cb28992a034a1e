from __future__ import annotations

import pytest
from django.db import connection

from dsar.mentions import MARK, Mentions, replaced
from dsar.mentions.known_by import FullName, Identity, full_name, full_names

ANNA = Identity(
    emails=("anna.virtanen@esimerkki.example",),
    phones=("+358401234567", "+35891234567"),
    names=(
        FullName(("anna", "kaarina"), ("virtanen",)),
        FullName(("anna",), ("makela", "maekelae", "koski")),
    ),
    words=("Anna", "Virtanen"),
    phrases=("Testikatu 1 A 3",),
    keys=("3f2504e0-4f89-11d3-9a0c-0305e82c3301",),
)

CERTAIN = [
    "ANNA.VIRTANEN@Esimerkki.Example",
    "<anna.virtanen@esimerkki.example>",
    "anna.virtanen(at)esimerkki.example",
    "anna.virtanen [ät] esimerkki piste example",
    "anna.virtanen+uutiset@esimerkki.example",
    "040 123 4567",
    "040-1234567",
    "+358 40 1234567",
    "+358 (0)40 123 4567",
    "00358401234567",
    "358401234567",
    "401234567",
    "０４０１２３４５６７",
    "(09) 123 4567",
]
NAMES = [
    "Anna Virtanen",
    "VIRTANEN, Anna",
    "Virtasen Annalle",
    "Anna K. Virtaselta",
    "Anna-Kaarina Virtanen",
    "Anna Liisa Virtanen",
    "Anna Mäkelä",
    "Anna Makelan",
    "Anna Maekelae",
    "Anna Ma\u0308kela\u0308n",
    "An\u00adna Vir\u200btanen",
    "annavirtanen77",
    "anna_virtanen",
    "Anna\x1fVirtanen",
]
OTHERS = [
    "hanna.virtanen@esimerkki.example",
    "anna.virtanen@toinen.example".replace("anna.virtanen", "av"),
    "040 123 45678",
    "0040 12345670",
    "y-tunnus 4012345-6 7",
    "Matti Virtanen tuli",
    "Anna Korhonen ja Matti Virtanen",
    "Annastiina Virtala",
    "Annan koiralle Virtalassa",
]


def without(mentions, text, **how):
    return replaced(text, mentions.spans(text, **how))


@pytest.mark.parametrize("text", CERTAIN)
def test_an_address_or_number_is_found_in_every_spelling(text):
    mentions = Mentions(ANNA)

    assert mentions.certain(f"Kirjoita {text}, kiitos")
    assert without(mentions, f"Alku {text} loppu").replace("<", "").replace(
        ">", ""
    ) in (f"Alku {MARK} loppu", f"Alku ({MARK} loppu")


@pytest.mark.parametrize("text", NAMES)
def test_a_full_name_is_found_in_every_order_and_form(text):
    mentions = Mentions(ANNA)

    assert not mentions.certain(text)
    assert without(mentions, f"Hei {text}!") == f"Hei {MARK}!"


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_somebody_elses_is_left_alone(text):
    assert without(Mentions(ANNA), text) == text


@pytest.mark.parametrize("text", [*CERTAIN, *NAMES, *OTHERS])
def test_the_database_overlooks_nothing_that_python_finds(db, text):
    mentions = Mentions(ANNA)
    condition, params = mentions.where("t.text")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {condition} FROM (SELECT %s::text AS text) t",
            [*params, f"Hei {text}!"],
        )
        met = cursor.fetchone()[0]

    assert met or not mentions.spans(text)


def test_single_names_and_streets_go_only_where_they_mean_the_person():
    mentions = Mentions(ANNA)
    text = "Hei Anna! Onko Testikatu 1 A 3 oikein, Virtanen?"

    assert without(mentions, text) == text
    assert (
        without(mentions, text, words=True)
        == f"Hei {MARK}! Onko {MARK} oikein, {MARK}?"
    )


def test_a_name_that_somebody_else_in_the_conversation_has_stays():
    mentions = Mentions(ANNA)
    bruno_virtanen = frozenset({"bruno", "virtanen"})

    text = without(
        mentions,
        "Anna ja Bruno, herra Virtaselle tiedoksi",
        words=True,
        sparing=bruno_virtanen,
    )

    assert text == f"{MARK} ja Bruno, herra Virtaselle tiedoksi"


def test_a_name_within_somebody_elses_address_stays():
    text = "kirjoita hanna.virtanen@esimerkki.example"

    assert without(Mentions(ANNA), text, words=True) == text


def test_the_number_of_the_record_is_found_with_and_without_hyphens():
    mentions = Mentions(ANNA)

    assert mentions.keys("contacts/3F2504E04F8911D39A0C0305E82C3301/photo")
    assert mentions.keys("3f2504e0-4f89-11d3-9a0c-0305e82c3301")


def test_a_whole_name_may_begin_with_either_part():
    names = full_names("Virtanen Anna")

    assert Mentions(Identity(names=tuple(names))).names("Anna Virtanen")
    assert full_names("Anna") == []
    assert full_names("Virtanen Anna", {"virtanen"}) == [full_name("Anna", "Virtanen")]


def test_without_anything_known_nothing_is_found():
    mentions = Mentions(Identity())

    assert Identity().is_empty
    assert mentions.spans("Anna Virtanen 040 1234567", words=True) == []
    assert mentions.where("t.text") == ("false", [])
