"""Nothing that anybody sends or stores appears in a log of the running register.

Web, worker and beat run as they do in production. What is marked goes in by every way
there is: addresses, query strings, forms, bodies, headers, file names, rows, errors.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse
import uuid
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from prometheus_client.parser import text_string_to_metric_families

from contacts.models import Contact
from register.management.commands import serve
from register.models import Process
from settings.celery import app
from tests.architecture.canary import dumps
from tests.conftest import make_contact, make_user
from tests.services.test_web_log import free_port, send

pytestmark = pytest.mark.django_db(transaction=True)

# Each marker holds this in the form of a name, an address, a number.
MARKER = "Zqvirtala"
NUMBER = "358509876123"
EMAIL = f"{MARKER.lower()}@canary.example"
NEEDLES = (MARKER.lower(), NUMBER, NUMBER[3:], "127.0.0.1:")
TOKEN = "a-token-for-the-monitor"
WAIT = 120.0


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Any
    text: str


@dataclass
class Running:
    """The register's processes and where they write."""

    port: int
    queue: str
    directory: Path
    processes: dict[str, subprocess.Popen[bytes]]

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()

    def ask(self, method: str, path: str, body=None, **headers) -> Answer:
        web = http.client.HTTPConnection(serve.HOST, self.port, timeout=30)
        web.request(
            method,
            path,
            body=body,
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        )
        got = web.getresponse()
        answer = Answer(got.status, got.headers, got.read().decode(errors="replace"))
        web.close()
        return answer


@pytest.fixture
def running(tmp_path):
    port, queue = free_port(), f"watched-{uuid.uuid4()}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.services.watched.settings",
        "SELOSTE_TEST_QUEUE": queue,
        "WATCHED_DATABASE": connection.settings_dict["NAME"],
        "WATCHED_FILES": str(tmp_path / "files"),
        "WATCHED_KEYS": settings.CACHES["default"]["KEY_PREFIX"],
        "WATCHED_TOKEN": TOKEN,
        "LOG_FORMAT": "json",
        "LOG_REQUESTS": "true",
        # As careless as an operator can be.
        "GUNICORN_CMD_ARGS": "--access-logfile - --log-level debug",
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    commands = {
        "web": serve.web(port),
        "worker": [
            *serve.celery(),
            "worker",
            "--concurrency=1",
            "--loglevel=DEBUG",
            "--without-mingle",
            "--without-gossip",
            "--include=tests.services.watched.tasks",
        ],
        "beat": [
            *serve.celery(),
            "beat",
            "--loglevel=DEBUG",
            "--pidfile=",
            f"--schedule={tmp_path / 'schedule'}",
        ],
    }
    processes = {}
    for name, command in commands.items():
        with (tmp_path / f"{name}.log").open("wb") as log:
            processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, cwd=settings.BASE_DIR
            )
    running = Running(port, queue, tmp_path, processes)
    try:
        wait_until(lambda: serve.answers(port), running)
        yield running
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        with app.connection_for_read() as broker:
            broker.default_channel.client.delete(queue, f"_kombu.binding.{queue}")


def wait_until(is_so, running) -> None:
    deadline = time.monotonic() + WAIT
    while not is_so():
        dead = [n for n, p in running.processes.items() if p.poll() is not None]
        assert not dead, (dead, running.log(dead[0])[-2000:])
        assert time.monotonic() < deadline
        time.sleep(0.1)


def log_in(user) -> str:
    """Return the cookie of a session of ``user``."""
    engine = import_module(settings.SESSION_ENGINE)
    session = engine.SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}; csrftoken={'a' * 32}"


def lines_of(text: str) -> list[dict[str, Any]]:
    # What Celery says on the terminal when it is asked to end.
    said = {"", "worker: Warm shutdown (MainProcess)"}
    return [json.loads(line) for line in text.splitlines() if line not in said]


def test_no_log_holds_what_was_sent_or_stored_and_lines_tell_what_belongs_together(
    running,
):
    server_log_before = len(dumps.server_log())
    marketer = make_user("marketer", "marketing")
    contact = make_contact(
        first_name="Anna", last_name=MARKER, email=EMAIL, phone=f"+{NUMBER}"
    )
    cookie = log_in(marketer)

    numbers = _use_the_web(running, contact, cookie)
    _fail_in_the_worker(running)
    _fail_in_the_database()
    wait_until(lambda: Process.objects.count() == 2, running)
    _kill_a_web_process(running)
    for process in running.processes.values():
        process.terminate()
    for process in running.processes.values():
        process.wait(20)

    logs = {name: running.log(name) for name in running.processes}
    logs["servers"] = dumps.server_log()[server_log_before:]
    leaks = [
        (name, line)
        for name, text in logs.items()
        for line in text.splitlines()
        if any(
            needle in line.lower() for needle in NEEDLES[: None if name == "web" else 3]
        )
        and "Listening at" not in line
    ]
    assert leaks == []
    _assert_web_lines(lines_of(logs["web"]), numbers)
    _assert_worker_lines(lines_of(logs["worker"]))
    assert {line["level"] for line in lines_of(logs["beat"])} <= {
        "debug",
        "info",
        "warning",
    }


def _use_the_web(running, contact: Contact, cookie: str) -> dict[str, str]:
    """Send markers by every way; return numbers of requests by what they were."""
    ask, quoted = running.ask, urllib.parse.quote(MARKER)
    form = urllib.parse.urlencode(
        {
            "csrfmiddlewaretoken": "a" * 32,
            "first_name": MARKER,
            "last_name": MARKER,
            "email": EMAIL,
            "phone": f"+{NUMBER}",
            "language": "xx",
            "source": "staff",
        }
    )
    as_form = {"Content_Type": "application/x-www-form-urlencoded"}
    boundary = (
        f'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{"a" * 32}\r\n'
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{MARKER}.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\nEtunimi;Sukunimi\r\n{MARKER};{MARKER}\r\n--b--\r\n"
    )
    requests = [
        ("GET", f"/admin/contacts/contact/?q={quoted}", None, {}),
        ("GET", f"/admin/contacts/contact/?created_at_from={quoted}", None, {}),
        (
            "GET",
            f"/admin/contacts/contact/{contact.pk}/change/?next={quoted}",
            None,
            {},
        ),
        ("POST", "/admin/contacts/contact/add/", form, as_form),
        ("POST", "/admin/login/", form, as_form),
        (
            "POST",
            "/admin/login/",
            f"username={EMAIL}&password={MARKER}&csrfmiddlewaretoken={'a' * 32}",
            as_form,
        ),
        (
            "POST",
            "/admin/contacts/importbatch/add/",
            boundary,
            {"Content_Type": "multipart/form-data; boundary=b"},
        ),
        ("GET", f"/{quoted}/{EMAIL}", None, {}),
        ("GET", f"/static/{quoted}.css", None, {}),
        ("GET", f"/admin/contacts/contact/{quoted}/change/", None, {}),
        ("GET", "/admin/", None, {"Host": f"{MARKER}.example"}),
        (
            "GET",
            "/admin/",
            None,
            {
                "User_Agent": MARKER,
                "Referer": f"http://x/{MARKER}",
                "X_Request_ID": MARKER,
                "X_Forwarded_For": MARKER,
            },
        ),
        (
            "POST",
            "/api/v1/contacts",
            json.dumps({"last_name": MARKER, MARKER: 1}),
            {"Authorization": f"Bearer {MARKER}"},
        ),
        (
            "POST",
            "/api/v1/contacts",
            f'{{"{MARKER}',
            {"Content_Type": "application/json"},
        ),
        (MARKER.upper(), "/admin/", None, {}),
        ("GET", f"/admin/contacts/contact/?q={quoted}%00", None, {}),
    ]
    statuses = []
    for method, path, body, headers in requests:
        answer = ask(method, path, body, **{"Cookie": cookie, **headers})
        statuses.append(answer.status)
    assert {200, 302, 400, 401, 403, 404} <= set(statuses), statuses
    numbers = {}
    for how in ("error", "cause", "unique", "statement", "log", "warning", "thread"):
        number = str(uuid.uuid4())
        answer = ask("GET", f"/fail?how={how}&value={quoted}", X_Request_ID=number)
        assert answer.headers["X-Request-ID"] == number
        assert answer.status == (200 if how in ("log", "warning", "thread") else 500)
        numbers[how] = number
    unreadable = send(running.port, f"GET /?q={MARKER} x HTTP/1.1\r\n\r\n".encode())
    assert unreadable.startswith(b"HTTP/1.1 400")
    return numbers


def _fail_in_the_worker(running) -> None:
    name = "tests.services.watched.tasks.fail"
    for how in ("error", "unique", "retry", "return"):
        app.send_task(name, args=[how, MARKER], kwargs={}, queue=running.queue)
    app.send_task(f"tests.{MARKER}", args=[EMAIL], queue=running.queue)
    wait_until(lambda: running.log("worker").count(f'"task": "{name}"') >= 4, running)


def _fail_in_the_database() -> None:
    """Let the server's own log have its chance."""
    for statement in (
        f"SELECT '{MARKER}'::int",
        f"SELECT * FROM {MARKER}",
        "SELECT %s::int",
    ):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [EMAIL] if "%s" in statement else None)
    with pytest.raises(DatabaseError), transaction.atomic():
        Contact.objects.create(last_name=MARKER, source="x" * 300)
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE WARNING '{MARKER}'; END $$")


def _kill_a_web_process(running) -> None:
    """Numbers of a killed process stay, and its files go."""

    def count() -> float:
        answer = running.ask("GET", "/metrics", Authorization=f"Bearer {TOKEN}")
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                if sample.name == "seloste_web_requests_total" and sample.labels == {
                    "route": "fail",
                    "method": "GET",
                    "status": "500",
                }:
                    return sample.value
        return 0

    assert count() == 4
    master = running.processes["web"].pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    wait_until(lambda: serve.answers(running.port), running)
    assert count() == 4


def _assert_web_lines(lines: list[dict[str, Any]], numbers: dict[str, str]) -> None:
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) > 20
    for line in requests:
        assert {"at", "request_id", "route", "method", "status", "ms"} <= set(line), (
            line
        )
    routes = {line["route"] for line in requests}
    assert {"admin:contacts_contact_change", "account_login", "fail", "none"} <= routes
    of = {
        how: [line for line in lines if line.get("request_id") == number]
        for how, number in numbers.items()
    }
    errors = {
        how: {line.get("error") for line in found} - {None} for how, found in of.items()
    }
    assert errors == {
        "error": {"ValueError"},
        "cause": {"RuntimeError"},
        "unique": {"IntegrityError"},
        "statement": {"DataError"},
        "log": {"ValueError"},
        "warning": {"RuntimeWarning"},
        "thread": set(),
    }
    assert any(line.get("cause") == "ValueError" for line in of["cause"])
    assert "no answer from …" in {line["event"] for line in of["log"]}
    assert "it failed" in {line["event"] for line in of["log"]}
    assert any(line["event"] == "An error was caught by nobody." for line in lines)
    assert any("could not be read" in line["event"] for line in lines)


def _assert_worker_lines(lines: list[dict[str, Any]]) -> None:
    failed = [
        line
        for line in lines
        if line.get("task") == "tests.services.watched.tasks.fail"
    ]
    assert {line["error"] for line in failed if "error" in line} >= {
        "ValueError",
        "IntegrityError",
    }
    assert all(re.fullmatch(r"[0-9a-f-]{36}", line["task_id"]) for line in failed)
