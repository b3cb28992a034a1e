"""What columns are taken for, by their names and by their cells."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.utils import translation

from contacts.services.imports import guessing, vocabulary
from contacts.services.imports.layouts import Record
from contacts.services.imports.targets import TARGETS


def guessed(header: list[str], *rows: list[str]) -> list[str]:
    records = [Record(number, cells) for number, cells in enumerate(rows, start=2)]
    return guessing.guess(header, records).targets


@pytest.mark.parametrize(
    "header",
    [
        [*("First Name", "Surname", "E-mail address", "Telephone", "Mobile phone")],
        [*("Etunimi", "SUKUNIMI", "Sähköpostiosoite", "Puh.", "GSM-numero")],
        [*("Förnamn", "Efternamn", "E-postadress", "Telefonnummer", "Mobilnr"[:5])],
        [*("etunimi", "sukunimi", "sahkoposti", "puhelin", "matkapuh.")],
    ],
)
def test_columns_are_recognised_in_three_languages_and_any_spelling(header):
    assert guessed(header) == ["first_name", "last_name", "email", "phone", "mobile"]


@pytest.mark.parametrize(
    ("header", "product", "targets"),
    [
        (
            "Record ID|First Name|Email|Company Name|City|Lifecycle Stage|Unsubscribed from all email",
            "hubspot",
            "|first_name|email|company_name|town||email_marketing_prohibited",
        ),
        (
            "Email Address|First Name|Last Name|OPTIN_TIME|OPTIN_IP|LEID|EUID|TAGS",
            "mailchimp_subscribed",
            "email|first_name|last_name|||||",
        ),
        (
            "Email Address|OPTIN_TIME|UNSUB_TIME|LEID|EUID",
            "mailchimp_unsubscribed",
            "email||email_unsubscribed_at||",
        ),
        (
            "Email Address|CLEAN_TIME|LEID|EUID",
            "mailchimp_cleaned",
            "email|email_undeliverable||",
        ),
        (
            "First Name|Last Name|Title|Account Name|Mailing Street|Mailing City|Mailing Zip/Postal Code|Phone|Mobile|Email|Email Opt Out|Do Not Call",
            "salesforce",
            "first_name|last_name|job_title|company_name|street|town|postcode|phone|mobile|email|email_marketing_prohibited|phone_marketing_prohibited",
        ),
        (
            "(Do Not Modify) Contact|(Do Not Modify) Row Checksum|First Name|Email|Business Phone|Address 1: City|Address 1: ZIP/Postal Code|Do not allow Emails",
            "dynamics",
            "||first_name|email|phone|town|postcode|email_marketing_prohibited",
        ),
        (
            "Title|First Name|Last Name|Company|Job Title|Business Street|Business City|Business Postal Code|Business Phone|Mobile Phone|E-mail Address|E-mail 2 Address|Birthday",
            "outlook",
            "|first_name|last_name|company_name|job_title|street|town|postcode|phone|mobile|email|email|",
        ),
        (
            "Name|Given Name|Family Name|Group Membership|E-mail 1 - Type|E-mail 1 - Value|E-mail 2 - Value|Phone 1 - Value|Organization 1 - Name|Organization 1 - Title",
            "google",
            "|first_name|last_name|||email|email|phone|company_name|job_title",
        ),
        (
            "Person - Name|Person - Email - Work|Person - Phone - Mobile|Person - Organization|Person - Owner",
            "pipedrive",
            "full_name|email|mobile|company_name|",
        ),
        (
            "Förnamn|Efternamn|Företag|Befattning|E-post|Mobiltelefon|Postnr|Ort|Org.nr|Kundansvarig",
            "",
            "first_name|last_name|company_name|job_title|email|mobile|postcode|town|business_id|",
        ),
        (
            "Yrityksen nimi|Y-tunnus|Yhteyshenkilö|Sähköposti|Puhelin|Lähiosoite|Postitmp"[
                :-8
            ]
            + "Postitoimipaikka|Suoramarkkinointikielto|Huom.",
            "",
            "company_name|business_id|full_name|email|phone|street|town|marketing_prohibited|",
        ),
    ],
)
def test_exports_of_known_products_are_understood(header, product, targets):
    names = header.split("|")

    assert vocabulary.product_of(tuple(names)) == product
    assert guessed(names) == targets.split("|")


def test_a_column_that_permits_is_not_taken_and_says_why():
    header = ["Email", "Markkinointilupa", "Email opt in", "Samtycke", "OPTIN_TIME"]

    guess = guessing.guess(header, [])

    assert guess.targets == ["email", "", "", "", ""]
    assert guess.reasons == ["", *["permission"] * 4]


def test_the_better_name_wins_and_only_addresses_may_repeat():
    header = ["Title", "Job title", "First name", "Etunimi", "Email", "E-mail"]

    assert guessed(header) == ["", "job_title", "first_name", "", "email", "email"]


def test_a_name_that_means_something_else_here_is_left_out():
    header = ["Email", "Company ID", "Locale"]
    rows = [["a@b.fi", "4711", "Espoo"], ["b@b.fi", "4712", "x"], ["c@b.fi", "1", "y"]]

    assert guessed(header, *rows) == ["email", "", ""]


def test_columns_without_a_telling_name_are_recognised_by_their_cells():
    header = ["", "x", "Sarake3", "y", "z"]
    rows = [
        ["ada@b.fi", "2327327-1", "00100", "040 1234567", "Ada"],
        ["bo@b.fi", "0100002-9", "33100", "+358 9 123 4567", "Bo"],
        ["no address", "", "02150", "(09) 765 4321", "Cai"],
        ["di@b.fi", "23273271", "20100", "0401112222", "Di"],
        ["eve@b.fi", "2327327-1", "90100", "040-1112223", "Eve"],
    ]

    assert guessed(header, *rows) == ["email", "business_id", "postcode", "phone", ""]


def test_two_rows_are_too_few_to_guess_by():
    assert guessed(["x"], ["a@b.fi"], ["b@b.fi"]) == [""]


def test_the_columns_our_own_file_adds_are_known_in_each_language():
    assert len(vocabulary.own_columns()) == len(settings.LANGUAGES)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            added = [str(vocabulary.ROW), str(vocabulary.WHAT_IS_WRONG)]
        guess = guessing.guess(["Email", *added], [])
        assert guess.targets == ["email", "", ""]
        assert guess.reasons == ["", "own", "own"]


def test_every_meaning_is_a_target_and_every_word_means_one_thing():
    assert vocabulary.HEADINGS.keys() == TARGETS.keys()
    words = [vocabulary.key(w) for names in vocabulary.HEADINGS.values() for w in names]
    others = [
        vocabulary.key(w) for names in vocabulary.NOT_TAKEN.values() for w in names
    ]
    assert set(words) & set(others) == set()
    assert "" not in (*words, *others)
    taken = {
        vocabulary.key(word): code
        for code, names in vocabulary.HEADINGS.items()
        for word in names
    }
    assert all(
        taken[vocabulary.key(word)] == code
        for code, names in vocabulary.HEADINGS.items()
        for word in names
    )
