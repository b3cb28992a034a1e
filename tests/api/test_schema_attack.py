"""Everything the description of the interface allows, and much that it forbids, is sent.

Whatever comes, the answer is declared, has its declared form and is never a failure.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import timedelta

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from communications import audio
from register import actors
from register.models import ApiKey
from register.services import api_keys

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    ("POST", "/api/v1/contacts"),
    ("POST", "/api/v1/contacts/search"),
    ("GET", "/api/v1/contacts/{contact_id}"),
    ("POST", "/api/v1/chats"),
    ("GET", "/api/v1/chats/{chat_id}"),
    ("POST", "/api/v1/calls"),
    ("GET", "/api/v1/calls/{call_id}"),
    ("PUT", "/api/v1/calls/{call_id}/recording"),
]
# For each operation twice; together about half a minute on two cores.
EXAMPLES = 40

pytestmark = pytest.mark.django_db(transaction=True)


@schemathesis.serializer(*audio.KINDS)
def _sound(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture
def schema(transactional_db):
    return schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", get_wsgi_application()
    )


@pytest.fixture
def headers(transactional_db):
    _key, secret = api_keys.create(
        name="Attacker", scopes=ApiKey.Scope.values, actor=actors.system()
    )
    # The attacker does not unpack answers.
    return {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}


@pytest.fixture
def attack(schema, headers):
    """Return a function that sends what ``change`` makes of generated requests."""

    def send(method, path, mode, change):
        answers = Counter()

        @given(case=schema[path][method].as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def run(case):
            change(case)
            case.headers = {**(case.headers or {}), **headers}
            response = case.call()
            answers[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        run()
        return answers

    return send


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_request_makes_it_fail(attack, method, path, mode):
    answers = attack(method, path, mode, lambda case: None)

    assert sum(answers.values()) >= EXAMPLES


def test_strange_words_in_possible_contacts(attack):
    answers = attack(
        "POST", "/api/v1/contacts", GenerationMode.POSITIVE, make_contact_possible
    )

    assert answers[201] > EXAMPLES / 2


def test_strange_words_in_possible_chats(attack):
    answers = attack(
        "POST", "/api/v1/chats", GenerationMode.POSITIVE, make_chat_possible
    )

    assert answers[201] > EXAMPLES / 3


def test_strange_words_in_possible_calls(attack):
    answers = attack(
        "POST", "/api/v1/calls", GenerationMode.POSITIVE, make_call_possible
    )

    assert answers[201] > EXAMPLES / 3


def test_every_operation_is_attacked(schema):
    found = [result.ok() for result in schema.get_all_operations()]

    assert {(op.method.upper(), op.path) for op in found} == set(OPERATIONS)


# --- what a mere description cannot say ----------------------------------------------

chance = random.Random(7)  # noqa: S311 - any will do
numbers = itertools.count()


def make_contact_possible(case):
    case.headers["Idempotency-Key"] = f"k{next(numbers)}"
    case.body["emails"] = [f"a{next(numbers)}@esimerkki.example"]
    case.body.pop("phones", None)


def make_chat_possible(case):
    make_times_possible(case)
    case.body["participants"] = [possible_person(p) for p in case.body["participants"]]
    for line in case.body.get("lines", []):
        line["said_at"] = case.body["started_at"]
        line["participant"] = chance.choice([0, None])


def make_call_possible(case):
    make_times_possible(case)
    case.body["number"] = chance.choice(["", "+358401234567"])
    if case.body.get("caller"):
        case.body["caller"] = possible_person(case.body["caller"])


def make_times_possible(case):
    began = timezone.now() - timedelta(minutes=chance.randrange(10, 100_000))
    case.headers["Idempotency-Key"] = f"k{next(numbers)}"
    case.body["external_id"] = chance.choice(["", f"x{next(numbers)}"])
    case.body["started_at"] = began.isoformat()
    case.body["ended_at"] = (began + timedelta(minutes=5)).isoformat()
    case.body.pop("agent_email", None)


def possible_person(person):
    person.pop("contact_id", None)
    person["email"] = chance.choice(["", "a@esimerkki.example", "b@esimerkki.example"])
    person["phone"] = chance.choice(["", "+358401234567", "040 765 4321"])
    return person
