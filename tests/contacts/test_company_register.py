"""The public register of companies, answered by a real server on this machine."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from contacts.models import RegisterExtract
from contacts.services import company_register
from register import actors
from register.errors import DomainError
from register.models import AuditEntry
from register.outbound import http

FOUND = {
    "totalResults": 1,
    "companies": [
        {
            "businessId": {"value": "2327327-1", "registrationDate": "2010-03-01"},
            "names": [
                {"name": "Vanha Nimi Oy", "type": "1", "endDate": "2015-01-01"},
                {"name": "Esimerkki Yhtiöt Oy", "type": "1", "version": 1},
            ],
            "mainBusinessLine": {
                "type": "62010",
                "descriptions": [
                    {"languageCode": "1", "description": "Ohjelmistojen suunnittelu"},
                    {"languageCode": "3", "description": "Computer programming"},
                ],
            },
            "website": {"url": "www.esimerkki.example"},
            "companyForms": [
                {
                    "type": "16",
                    "descriptions": [
                        {"languageCode": "3", "description": "Limited company"}
                    ],
                }
            ],
            "addresses": [
                {"type": 2, "postOfficeBox": "17", "postCode": "00101"},
                {
                    "type": 1,
                    "street": "Mannerheimintie",
                    "buildingNumber": "5",
                    "entrance": "B",
                    "postCode": "00100",
                    "postOffices": [{"city": "HELSINKI", "languageCode": "1"}],
                },
            ],
            "registrationDate": "2010-03-05",
        }
    ],
}


class Answers:
    """What the server says next."""

    def __init__(self):
        self.status, self.body, self.wait, self.asked = 200, b"", 0.0, []
        self.headers = {}

    def say(self, answer, status=200):
        self.status = status
        self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@pytest.fixture
def register(settings):
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answers.asked.append(self.path)
            time.sleep(answers.wait)
            self.send_response(answers.status)
            for name, value in answers.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answers.body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # closing waits for the last answer
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    host = f"127.0.0.1:{server.server_port}"
    settings.COMPANY_REGISTER_URL = f"http://{host}/opendata-ytj-api/v3/companies"
    settings.OUTBOUND_HOSTS = [host]
    answers.say(FOUND)
    yield answers
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def actor(seller):
    return actors.of_user(seller)


def refused(company, actor):
    with pytest.raises(DomainError) as caught:
        company_register.fetch(company, actor=actor)
    return caught.value.code


def test_what_is_empty_is_filled_and_what_staff_wrote_stays(register, company, actor):
    extract = company_register.fetch(company, actor=actor)

    company.refresh_from_db()
    assert (company.street, company.postcode, company.town) == (
        "Mannerheimintie 5 B",
        "00100",
        "Helsinki",
    )
    assert company.name == "Esimerkki Oy"
    assert extract.applied == ["postcode", "street", "town"]
    assert extract.business_line == "Computer programming"
    assert register.asked == ["/opendata-ytj-api/v3/companies?businessId=2327327-1"]
    assert [
        (s.field, s.ours, s.theirs) for s in company_register.suggestions(company)
    ] == [("name", "Esimerkki Oy", "Esimerkki Yhtiöt Oy")]
    asked = AuditEntry.objects.get(action="outbound.asked")
    assert asked.actor_id == str(actor.id)


def test_a_later_answer_moves_only_what_nobody_corrected(register, company, actor):
    company_register.fetch(company, actor=actor)
    company.refresh_from_db()
    company.street = "Oikea katu 1"
    company.save()
    moved = json.loads(json.dumps(FOUND))
    moved["companies"][0]["addresses"][1] |= {"street": "Uusikatu", "postCode": "00200"}
    register.say(moved)

    extract = company_register.fetch(company, actor=actor)

    company.refresh_from_db()
    assert company.street == "Oikea katu 1"
    assert company.postcode == "00200"
    assert extract.applied == ["postcode", "town"]
    assert {s.field for s in company_register.suggestions(company)} == {
        "name",
        "street",
    }


def test_what_staff_keep_is_not_asked_again_until_the_register_says_another(
    register, company, actor
):
    company_register.fetch(company, actor=actor)
    company_register.keep(company, "name", actor=actor)
    company_register.fetch(company, actor=actor)
    company.refresh_from_db()
    assert company_register.suggestions(company) == []

    other = json.loads(json.dumps(FOUND))
    other["companies"][0]["names"][1]["name"] = "Kolmas Nimi Oy"
    register.say(other)
    company_register.fetch(company, actor=actor)

    assert [s.theirs for s in company_register.suggestions(company)] == [
        "Kolmas Nimi Oy"
    ]


def test_an_accepted_value_is_taken_over_and_found_by(register, company, actor):
    company_register.fetch(company, actor=actor)

    company_register.accept(company, "name", actor=actor)

    company.refresh_from_db()
    assert company.name == "Esimerkki Yhtiöt Oy"
    assert company_register.suggestions(company) == []
    assert company.words.filter(word__startswith="yhtio").exists()


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (b"", 429, "outbound_busy"),
        (b"", 503, "outbound_broken"),
        (b"", 400, "outbound_refused"),
        (b"<html>", 200, "outbound_nonsense"),
        (b"\xff\xfe", 200, "outbound_nonsense"),
        (b"[" * 100_000, 200, "outbound_nonsense"),
        (b" " * (http.LARGEST_BYTES + 1), 200, "outbound_large"),
        ([], 200, "company_register_nonsense"),
        ({"companies": [3]}, 200, "company_register_nonsense"),
        (
            {"companies": [{"businessId": {"value": "2327327-1"}, "names": None}]},
            200,
            "company_register_nonsense",
        ),
    ],
)
def test_a_bad_answer_is_refused_with_a_sentence_and_changes_nothing(
    answer, status, code, register, company, actor
):
    register.say(answer, status)

    assert refused(company, actor) == code

    company.refresh_from_db()
    assert (company.name, company.street) == ("Esimerkki Oy", "")
    assert not RegisterExtract.objects.exists()


def test_a_redirect_is_not_followed(register, company, actor):
    register.say(b"", 302)
    register.headers = {"Location": "http://127.0.0.1:1/"}

    assert refused(company, actor) == "outbound_refused"


def test_an_answer_that_does_not_come_is_given_up(
    register, company, actor, monkeypatch
):
    monkeypatch.setattr(http, "SECONDS", 0.2)
    register.wait = 0.6

    assert refused(company, actor) == "outbound_slow"


def test_a_server_that_is_away_and_one_that_is_not_named_are_told_apart(
    register, company, actor, settings
):
    settings.COMPANY_REGISTER_URL = "http://127.0.0.1:1/companies"
    assert refused(company, actor) == "outbound_host"

    settings.OUTBOUND_HOSTS = ["127.0.0.1:1"]
    assert refused(company, actor) == "outbound_unreachable"
    assert register.asked == []


@pytest.mark.parametrize("answer", [{"companies": []}, b""])
def test_a_company_that_the_register_does_not_know_is_said_so(
    answer, register, company, actor
):
    register.say(answer, 404 if answer == b"" else 200)

    extract = company_register.fetch(company, actor=actor)

    assert extract.outcome == RegisterExtract.Outcome.NOT_FOUND
    assert company_register.suggestions(company) == []


def test_what_is_said_of_another_company_is_not_taken(register, company, actor):
    other = json.loads(json.dumps(FOUND))
    other["companies"][0]["businessId"]["value"] = "0112038-9"
    register.say(other)

    extract = company_register.fetch(company, actor=actor)

    assert (extract.outcome, extract.name) == ("not_found", "")


def test_a_company_that_has_ceased_is_shown_as_such(register, company, actor):
    ended = json.loads(json.dumps(FOUND))
    ended["companies"][0]["endDate"] = "2024-06-30"
    register.say(ended)

    assert company_register.fetch(company, actor=actor).outcome == "ceased"


def test_a_firm_whose_names_have_all_ended_has_the_last_one(register, company, actor):
    """With the firm its name ends, too."""
    ended = json.loads(json.dumps(FOUND))
    ended["companies"][0] |= {"endDate": "2024-06-30", "tradeRegisterStatus": "4"}
    ended["companies"][0]["names"] = [
        {"name": "Vanha Nimi Oy", "type": "1", "endDate": "2015-01-01"},
        {"name": "Aputoiminimi", "type": "3"},
        {"name": "Viimeinen Nimi Oy", "type": "1", "endDate": "2024-06-30"},
    ]
    register.say(ended)

    extract = company_register.fetch(company, actor=actor)

    assert (extract.outcome, extract.name) == ("ceased", "Viimeinen Nimi Oy")
    company.refresh_from_db()
    assert company.name == "Esimerkki Oy"


def test_a_postal_address_stands_in_for_one_to_visit(register, company, actor):
    boxed = json.loads(json.dumps(FOUND))
    boxed["companies"][0]["addresses"] = [
        {
            "type": 2,
            "postOfficeBox": "17",
            "postCode": "00101",
            "postOffices": [
                {"city": "HELSINGFORS", "languageCode": "2"},
                {"city": "HELSINKI", "languageCode": "1"},
            ],
        }
    ]
    register.say(boxed)

    company_register.fetch(company, actor=actor)

    company.refresh_from_db()
    assert (company.street, company.postcode, company.town) == (
        "PL 17",
        "00101",
        "Helsinki",
    )


def test_nothing_is_asked_while_it_is_off(register, company, actor, settings):
    settings.COMPANY_REGISTER_URL = ""

    assert refused(company, actor) == "company_register_off"
    assert company_register.refresh_oldest() == 0
    assert register.asked == []


def test_old_extracts_are_asked_about_again_and_a_busy_register_is_left_alone(
    register, company, actor
):
    extract = company_register.fetch(company, actor=actor)
    assert company_register.refresh_oldest() == 0
    long_ago = timezone.now() - timedelta(days=31)
    RegisterExtract.objects.update(fetched_at=long_ago)

    register.say(b"", 429)
    assert company_register.refresh_oldest() == 0
    register.say(FOUND)
    assert company_register.refresh_oldest() == 1

    extract.refresh_from_db()
    assert extract.fetched_at > long_ago


def test_no_proxy_of_the_environment_hears_the_question(
    register, company, actor, monkeypatch
):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    company_register.fetch(company, actor=actor)

    assert len(register.asked) == 1
