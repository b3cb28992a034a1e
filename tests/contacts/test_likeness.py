"""How alike two records are."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, strategies as st

from contacts.likeness import (
    CompanyFacts,
    PersonFacts,
    address_key,
    features_of_companies,
    features_of_people,
)
from contacts.likeness.words import is_slip
from contacts.models import Feature


def name_feature(one: tuple[str, str], other: tuple[str, str]) -> Feature | None:
    found = features_of_people(PersonFacts(*one), PersonFacts(*other), holders={})
    return found[0] if found else None


@pytest.mark.parametrize(
    ("one", "other", "feature"),
    [
        (("Anna", "Mäkelä"), ("anna", "MAKELA"), Feature.NAME),
        (("Anna-Maija", "Åberg"), ("Anna Maija", "Aberg"), Feature.NAME),
        (("Anna", "Virtanen"), ("Virtanen", "Anna"), Feature.SWAPPED),
        (("", "Anna Virtanen"), ("Anna", "Virtanen"), Feature.SWAPPED),
        (("A.", "Virtanen"), ("Anna", "Virtanen"), Feature.INITIAL),
        (("Anna", "Virtanen"), ("Virtanen", "A"), Feature.INITIAL),
        (("A M", "Virtanen"), ("Anna Maria", "Virtanen"), Feature.INITIAL),
        (("Mikko", "Wirtanen"), ("Mikko", "Virtanen"), Feature.SIMILAR),
        (("Miko", "Virtanen"), ("Mikko", "Virtanen"), Feature.SIMILAR),
        (("Mikko", "Maekelae"), ("Mikko", "Mäkelä"), Feature.SIMILAR),
        (("Anna Maria", "Virtanen"), ("Anna", "Virtanen"), Feature.SIMILAR),
        (("Anna", "Virtanen-Laine"), ("Anna", "Virtanen"), Feature.SIMILAR),
        (("Anna", "Oestman"), ("Anna", "Östman"), Feature.SIMILAR),
        (("M.", "Wirtanen"), ("Mikko", "Virtanen"), Feature.INITIAL),
        (("Karl", "Aaberg"), ("Karl", "Åberg"), Feature.SIMILAR),
        (("Carl", "von Essen"), ("Carl", "Essen"), Feature.SIMILAR),
        (("Anna", "Laine-Virtanen"), ("Anna", "Virtanen"), Feature.SIMILAR),
        (("Anna-Maija", "Åberg"), ("Anna", "Åberg"), Feature.SIMILAR),
        (("Åke", "D’Angelo"), ("ake", "D'ANGELO"), Feature.NAME),
        (("Pekka", "Virtanen"), ("Anna", "Virtanen"), Feature.OTHER_NAME),
        (("B.", "Virtanen"), ("Anna", "Virtanen"), Feature.OTHER_NAME),
        (("Ari", "Laine"), ("Kari", "Laine"), Feature.OTHER_NAME),
        # Married meanwhile; nothing speaks for it and nothing against it.
        (("Anna", "Virtanen"), ("Anna", "Korhonen"), None),
        (("", "Virtanen"), ("Anna", "Virtanen"), None),
        (("", ""), ("Anna", "Virtanen"), None),
        (("🎷", "!"), ("Anna", "Virtanen"), None),
    ],
)
def test_names_are_compared_as_people_write_them(one, other, feature):
    assert name_feature(one, other) == feature
    assert name_feature(other, one) == feature


names = st.tuples(
    st.text(alphabet="aäåbmv- .", max_size=8), st.text(alphabet="aäåbmv- .", max_size=8)
)


@given(names, names)
def test_comparing_names_is_the_same_both_ways(one, other):
    assert name_feature(one, other) == name_feature(other, one)


@given(st.text(alphabet="abw", max_size=6), st.text(alphabet="abw", max_size=6))
def test_a_slip_is_one_both_ways_and_never_of_equal_words(one, other):
    assert is_slip(one, other) == is_slip(other, one)
    assert not is_slip(one, one)


def test_an_address_that_many_have_says_little():
    one = PersonFacts(emails=frozenset({"a@x.fi"}), phones=frozenset({"+3589123456"}))

    few = features_of_people(one, one, holders={"a@x.fi": 2, "+3589123456": 3})
    many = features_of_people(one, one, holders={"a@x.fi": 9, "+3589123456": 9})

    assert few == [Feature.EMAIL, Feature.PHONE]
    assert many == [Feature.SHARED_EMAIL, Feature.SHARED_PHONE]


@pytest.mark.parametrize("mailbox", ["info", "myynti", "Laskutus".lower(), "info+1"])
def test_a_mailbox_of_an_office_is_nobodys_own(mailbox):
    one = PersonFacts(emails=frozenset({f"{mailbox}@x.fi"}))

    assert features_of_people(one, one, holders={}) == [Feature.SHARED_EMAIL]


@pytest.mark.parametrize(
    ("one", "other", "feature"),
    [
        ("anna+lista@x.fi", "anna@x.fi", Feature.EMAIL),
        ("anna+1@x.fi", "anna+2@x.fi", Feature.EMAIL),
        ("a.n.na@gmail.com", "anna@googlemail.com", Feature.EMAIL),
        ("info+1@x.fi", "info@x.fi", Feature.SHARED_EMAIL),
        ("a.nna@x.fi", "anna@x.fi", None),
        ("anna@x.fi", "anna@y.fi", None),
        ("+anna@x.fi", "+bo@x.fi", None),
    ],
)
def test_addresses_that_arrive_in_one_mailbox_are_the_same(one, other, feature):
    found = features_of_people(
        PersonFacts(emails=frozenset({one})),
        PersonFacts(emails=frozenset({other})),
        holders={},
    )

    assert found == ([feature] if feature else [])


def test_companies_and_postal_addresses_count_when_they_meet():
    company = uuid.uuid4()
    home = address_key("Mannerheimintie 12 A 3", "00100")
    one = PersonFacts(companies=frozenset({company}), addresses=frozenset({home}))
    other = PersonFacts(
        companies=frozenset({company, uuid.uuid4()}),
        addresses=frozenset({address_key("MANNERHEIMINTIE 12 a 3", "00 100"), home}),
    )

    assert features_of_people(one, other, holders={}) == [
        Feature.COMPANY,
        Feature.ADDRESS,
    ]
    assert features_of_people(one, PersonFacts(), holders={}) == []


def test_a_street_without_a_postcode_is_no_address():
    assert address_key("Koulukatu 1", "") == ""
    assert address_key("", "00100") == ""


@pytest.mark.parametrize(
    ("one", "other", "feature"),
    [
        ("Rakennus Mäkinen Oy", "RAKENNUS MAKINEN OYJ", Feature.NAME),
        ("Rakennus Mäkinen", "Rakennus Mäkinen Oy Ab", Feature.NAME),
        ("Oy Rakennus Ab", "Rakennus", Feature.NAME),
        ("Rakennus Makinen Oy", "Rakenus Mäkinen Oy", Feature.SIMILAR),
        ("Data Group Oy", "DataGroup Oy", Feature.SIMILAR),
        ("Kone Oy", "Koe Oy", Feature.SIMILAR if is_slip("kone", "koe") else None),
        ("T:mi Matti Virtanen", "Matti Virtanen Tmi", Feature.NAME),
        ("Esimerkki O.Y.", "Oy Esimerkki Ab (publ)", Feature.NAME),
        ("Kesko Oyj", "Kesko Abp", Feature.NAME),
        ("Kyläyhdistys r.y.", "Kyläyhdistys ry", Feature.NAME),
        ("Novo A/S", "Novo", Feature.NAME),
        ("Esimerkki Oy:n", "Esimerkki Ltd.", Feature.NAME),
        ("Rakennus ja Remontti Oy", "Rakennus & Remontti Oy", Feature.NAME),
        ("Osuuskunta Maito", "Maito osk", Feature.NAME),
        ("Kone Suomi Oy", "Kone Oy", None),
        ("Oy", "Ab", None),
    ],
)
def test_names_of_companies_are_compared_without_their_legal_form(one, other, feature):
    found = features_of_companies(CompanyFacts(one), CompanyFacts(other))

    assert found == ([feature] if feature else [])


def test_two_business_ids_are_two_companies_and_a_missing_one_is_not():
    one, other = CompanyFacts("A Oy", "2327327-1"), CompanyFacts("A Oy", "0112038-9")

    assert Feature.BUSINESS_ID in features_of_companies(one, other)
    assert features_of_companies(one, CompanyFacts("A Oy")) == [Feature.NAME]


def test_people_with_free_mail_do_not_make_two_companies_one():
    own, free = frozenset({"x.fi"}), frozenset({"gmail.com"})

    assert features_of_companies(
        CompanyFacts(domains=own), CompanyFacts(domains=own)
    ) == [Feature.DOMAIN]
    assert not features_of_companies(
        CompanyFacts(domains=free), CompanyFacts(domains=free)
    )
