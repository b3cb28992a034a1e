"""In which forms a personal identity code is known, and what is not taken for one."""

from __future__ import annotations

import random
import time
from string import ascii_uppercase

import pytest

from register.identifiers.personal_identity_codes import find_personal_identity_codes


def check_of(birth, individual):
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"{birth}{individual}") % 31]


def code_of(birth, century, individual):
    return f"{birth}{century}{individual}{check_of(birth, individual)}"


@pytest.mark.parametrize("century", "+-YXWVUABCDEF")
def test_codes_of_every_century_are_found(century):
    text = f"Hetu on {code_of('131001', century, '308')}."

    assert find_personal_identity_codes(text) == [(8, 19)]


@pytest.mark.parametrize(
    "text",
    [
        "131052-308T",
        "131052-308t",
        "131052–308T",
        "131052‑308T",
        "131052 -308T",
        "131052- 308T",
        "131052 -\n308T",
        "131052\u00ad308T",
        "13\u200b1052-\u2060308T",
        "131052\u00a0\u2212\u2009308T",
        "１３１０５２-308T",
        "131052308T",
        "131052308t",
        "131052 308T",
        "131052  308T",
        "131052/308T",
        "131052_308T",
        "131052.308T",
        "131052:308T",
        "131052~308T",
        "131052 / 308T",
        "131052\\308T",
        "13.10.52-308T",
        "13. 10. 52 308T",
        "13.10.52308T",
        "13/10/52/308T",
        "13-10-52-308T",
        "13 10 52 - 308T",
        "13 10 52 308T",
        "13.10.52A308T",
        "１３１０５２Ａ３０８Ｔ",
        "131052-308Τ",  # Greek
        "131052А308т",  # Cyrillic
        "131052\u200b308\u2060T",
        "131052-3140",
        "131052/3140",
        "131052 3140",
        "290200-308" + check_of("290200", "308"),
    ],
)
def test_a_code_is_found_however_it_is_typed(text):
    assert find_personal_identity_codes(text) == [(0, len(text))]


def test_temporary_codes_are_found():
    assert find_personal_identity_codes(code_of("131052", "-", "901")) == [(0, 11)]


def test_all_codes_of_a_text_are_found_where_they_stand():
    text = "ä 131052-308T, (131052A308T)\n131052-308T_x"

    assert [text[slice(*span)] for span in find_personal_identity_codes(text)] == [
        "131052-308T",
        "131052A308T",
        "131052-308T",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "131052-308U",  # wrong check character
        code_of("310252", "-", "308"),  # no 31 February
        code_of("131052", "-", "001"),  # numbers begin at 002
        "131052G308T",  # no such century
        "x131052A308T",  # numbers of orders and devices look like this
        "131052A308Tx",
        "9131052-308T",
        "131052-3081",
        "2327327-1",
        "040-1234567",
        "1310523140",  # ten digits are a telephone number oftener
        "040175 3180",
        "13.10.52 3140",
        "12 131052 3140",
        "131052 3140 12",
        "x131052308T",
        "131052308TX",
        "4131052308T",
        "131052\n308T",
        "2013-10-52-308T",
    ],
)
def test_what_is_no_code_is_left_alone(text):
    assert find_personal_identity_codes(text) == []


@pytest.mark.parametrize(
    "before",
    [
        "hetu ",
        "Hetunsa on ",
        "HETU:",
        "henkilötunnus ",
        "henkilo\u0308tunnukseni: ",
        "sotu=",
        "personbeteckning är ",
        "identity code is ",
    ],
)
@pytest.mark.parametrize("code", ["1310523140", "13.10.52 3140", "040175 3180"])
def test_a_word_for_it_makes_a_code_of_mere_digits(before, code):
    text = f"asiakas, {before}{code}."

    assert [text[slice(*span)] for span in find_personal_identity_codes(text)] == [code]


def test_a_code_is_found_after_a_number_that_began_like_one():
    assert find_personal_identity_codes("010101-010101-131052-308T") == [(14, 25)]


def test_every_form_that_stands_for_a_code_costs_few_false_alarms():
    """Of each thousand numbers of a kind; docs/decisions.md has the figures of more."""
    dice = random.Random(13)  # noqa: S311

    def digits(count):
        return f"{dice.randrange(10**count):0{count}}"

    def alarms(write):
        return sum(bool(find_personal_identity_codes(write())) for _ in range(5000))

    mobile = ["040", "041", "044", "045", "046", "050"]
    assert alarms(lambda: f"{dice.choice(mobile)}{digits(7)}") == 0
    assert alarms(lambda: f"{dice.choice(mobile)} {digits(3)} {digits(4)}") == 0
    assert alarms(lambda: f"{dice.choice(mobile)}{digits(3)} {digits(4)}") == 0
    assert alarms(lambda: digits(10)) == 0
    assert alarms(lambda: f"{digits(4)} {digits(4)} {digits(4)} {digits(4)}") == 0
    assert alarms(lambda: f"FI{digits(16)}") == 0
    assert 0 < alarms(lambda: f"{digits(6)} {digits(4)}") < 20
    assert 0 < alarms(lambda: f"{digits(6)}/{dice.randrange(2015, 2027)}") < 20
    assert 0 < alarms(lambda: f"{digits(9)}{dice.choice(ascii_uppercase)}") < 20


@pytest.mark.parametrize("unit", ["1", "1 ", "131052 ", "131052", "hetu ", "1\u200b"])
def test_long_nonsense_is_read_in_time(unit):
    text = unit * (200_000 // len(unit))

    started = time.perf_counter()
    find_personal_identity_codes(text)

    assert time.perf_counter() - started < 5
