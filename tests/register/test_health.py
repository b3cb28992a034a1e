"""What watches over the register gets an answer, whatever fails, and learns no more than it may."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client, RequestFactory

from register.database import drift
from register.monitoring import readiness
from register.monitoring.bounded import Bounded
from register.monitoring.probes import Probes

TOKEN = "a-token-for-the-monitor"
LATER = HttpResponse("later")


@pytest.fixture(autouse=True)
def _look_again():
    readiness.forget()
    yield
    readiness.forget()


@contextlib.contextmanager
def started_as(role):
    """Let new connections take a role, as those of a web process do."""
    options = connections.settings["default"]["OPTIONS"]
    options["assume_role"] = role
    try:
        yield
    finally:
        del options["assume_role"]


@pytest.fixture
def ask(settings):
    """Ask as a machine does: past everything that needs a database."""
    settings.METRICS_TOKEN = TOKEN
    probes = Probes(lambda request: LATER)

    def ask(path, token="", role="seloste_app", **headers):
        if token:
            headers["authorization"] = f"Bearer {token}"
        with started_as(role):
            return probes(RequestFactory().get(path, headers=headers))

    return ask


def body(answer):
    import json

    return json.loads(answer.content)


def test_a_living_process_says_so_without_any_server(ask):
    answer = ask("/healthz", host="anybody.example")

    assert (answer.status_code, body(answer)) == (200, {"status": "ok"})


def test_what_is_no_probe_goes_on(ask):
    assert ask("/healthz/") is LATER
    assert ask("/admin/") is LATER


@pytest.mark.django_db
def test_a_register_that_can_serve_says_so(ask):
    answer = ask("/readyz")

    assert (answer.status_code, body(answer)) == (200, {"status": "ok"})
    assert "Retry-After" not in answer
    assert ask("/readyz", TOKEN).status_code == 200
    assert body(ask("/readyz", TOKEN))["problems"] == {}


@pytest.mark.django_db
def test_a_missing_redis_is_a_code_for_strangers_and_a_sentence_for_the_monitor(
    ask, settings
):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }

    answer = ask("/readyz")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert body(answer) == {"status": "not ready", "failing": ["redis"]}
    assert body(ask("/readyz", "a wrong token")) == body(answer)
    assert body(ask("/readyz", TOKEN))["problems"] == {
        "redis": ["Redis does not answer (ConnectionError)"]
    }


@pytest.mark.django_db
def test_files_that_cannot_be_written_are_named(ask, settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.MEDIA_ROOT = tmp_path / "file"

    assert body(ask("/readyz"))["failing"] == ["files"]


@pytest.mark.django_db
def test_a_role_that_cannot_be_taken_is_named(ask, settings):
    settings.APPLICATION_ROLE = "somebody_else"

    assert body(ask("/readyz"))["failing"] == ["role"]


@pytest.mark.django_db
def test_a_web_process_that_works_as_the_owner_is_not_ready(ask):
    assert body(ask("/readyz", role=None))["failing"] == ["role"]
    (sentence,) = body(ask("/readyz", TOKEN, role=None))["problems"]["role"]
    assert sentence.startswith("row security does not bind this web process: role ")


@pytest.mark.django_db(transaction=True)
def test_a_web_process_whose_role_owns_a_table_is_not_ready(ask, settings):
    role = settings.APPLICATION_ROLE
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE of_the_web ()")
        cursor.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        try:
            cursor.execute(f"ALTER TABLE of_the_web OWNER TO {role}")
            problems = body(ask("/readyz", TOKEN, role=role))["problems"]
        finally:
            cursor.execute(f"REVOKE CREATE ON SCHEMA public FROM {role}")
            cursor.execute("DROP TABLE of_the_web")

    assert problems["role"] == [
        f"row security does not bind this web process: role {role} is the owner of"
        " tables; start it with SELOSTE_PROCESS=web"
    ]


@pytest.mark.django_db
def test_an_application_role_that_gets_past_row_security_is_told():
    with connection.cursor() as cursor:
        cursor.execute("GRANT CREATE ON SCHEMA public TO seloste_app")
        cursor.execute("ALTER TABLE contacts_contact OWNER TO seloste_app")

    assert drift.of_row_security() == [
        "row security does not bind the web: role seloste_app is the owner of tables"
    ]


@pytest.mark.django_db
def test_a_database_that_refuses_is_named_and_a_session_is_not_looked_up(
    ask, settings, monkeypatch
):
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")

    answer = ask("/readyz", cookie=f"{settings.SESSION_COOKIE_NAME}=anything")

    assert (answer.status_code, body(answer)["failing"]) == (503, ["database"])


@pytest.mark.django_db
def test_a_database_that_never_answers_keeps_nobody_waiting(ask, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(
            connection.settings_dict, "PORT", str(silent.getsockname()[1])
        )

        answer = ask("/readyz")

    assert body(answer)["failing"] == ["database"]


@pytest.mark.django_db
def test_a_schema_that_differs_from_the_data_map_is_told_by_part():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE contacts_contact ADD COLUMN nickname text")
        cursor.execute("ALTER TABLE contacts_contact DROP COLUMN language CASCADE")
        cursor.execute("ALTER TABLE communications_chat DISABLE ROW LEVEL SECURITY")
        cursor.execute("GRANT UPDATE ON register_auditentry TO seloste_app")

    assert drift.of_tables() == [
        "column contacts_contact.nickname is in the database but in no model",
        "column contacts_contact.language is missing",
        # It went with the column whose changes it writes down.
        "trigger seloste_history_update on contacts_contact is missing or switched off",
    ]
    assert drift.of_row_security() == [
        "row security on communications_chat is missing",
        "row security of scopes on communications_chat is missing",
    ]
    assert drift.of_grants() == [
        "role seloste_app may UPDATE the append-only table register_auditentry"
    ]


@pytest.mark.django_db(transaction=True)
def test_a_changed_schema_makes_the_register_not_ready(ask):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE contacts_contact ADD COLUMN nickname text")
        try:
            found = body(ask("/readyz", TOKEN))
        finally:
            cursor.execute("ALTER TABLE contacts_contact DROP COLUMN nickname")

    assert found["failing"] == ["schema"]


@pytest.mark.django_db
def test_staff_see_sentences_only_with_the_right(
    client_of, administrator, agent, settings
):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }

    with started_as("seloste_app"):
        readiness.report()
    assert "problems" in client_of(administrator).get("/readyz").json()
    assert client_of(agent).get("/readyz").json() == {
        "status": "not ready",
        "failing": ["redis"],
    }
    assert "problems" not in Client().get("/readyz").json()


def test_many_who_ask_at_once_cost_one_look():
    looks = []

    def look():
        looks.append(1)
        time.sleep(0.1)
        return "well"

    question = Bounded(look, fresh=60, patience=5, name="test")
    answers: list[str | None] = []
    asking = [
        threading.Thread(target=lambda: answers.append(question.answer()))
        for _ in range(20)
    ]
    for each in asking:
        each.start()
    for each in asking:
        each.join()

    assert answers == ["well"] * 20
    assert looks == [1]
    assert question.answer() == "well"
    assert looks == [1]


def test_nobody_waits_for_an_answer_that_does_not_come():
    ends = threading.Event()

    def look():
        ends.wait(10)
        return "at last"

    question = Bounded(look, fresh=60, patience=0.05, name="test")
    assert question.answer() is None
    began = time.monotonic()
    assert question.answer() is None
    assert time.monotonic() - began < 0.04

    ends.set()
    for _try in range(100):
        if question.answer() == "at last":
            break
        time.sleep(0.01)
    assert question.answer() == "at last"


def test_a_question_that_fails_is_asked_again_later(caplog):
    question = Bounded(lambda: 1 // 0, fresh=0, patience=5, name="test")

    assert question.answer() is None
    assert question.answer() is None
    assert "failed" in caplog.text
