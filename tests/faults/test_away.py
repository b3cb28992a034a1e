"""Servers that are away, hang, are slow or forgot everything, under real processes.

A web process and a worker reach PostgreSQL and a Valkey of their own over lines that
can be cut and frozen.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from communications.models import Call
from register import actors
from register.models import ApiKey, IdempotencyKey, Job
from register.services import api_keys, jobs
from settings.embedded.places import EmbeddedServicesError, valkey_program
from tests.faults.line import Line
from tests.faults.product import free_port

pytestmark = pytest.mark.django_db(transaction=True)

# The limit of a test that would otherwise hang; what is measured is whether it ends.
PATIENCE = 40.0
QUEUE = f"faults-{uuid.uuid4().hex[:8]}"
WORKER = Path(__file__).with_name("worker.py")


class Valkey:
    """A broker of this test's own, which may be killed and made to forget."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        try:
            program = valkey_program()
        except EmbeddedServicesError as error:
            pytest.skip(
                f"########  {error} THE BROKER'S FAULTS ARE NOT TRIED  ########"
            )
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
            stdout=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
        )
        until(self.answers)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def answers(self) -> bool:
        with contextlib.suppress(redis.ConnectionError):
            return bool(redis.Redis(port=self.port).ping())
        return False


class Installation:
    """A web process and a worker behind two lines."""

    def __init__(self, state: Path) -> None:
        database = connection.settings_dict
        host, port = database["HOST"] or "127.0.0.1", database["PORT"] or 5432
        self.database = Line(
            Path(host) / f".s.PGSQL.{port}"
            if host.startswith("/")
            else (host, int(port))
        )
        self.valkey = Valkey()
        self.valkey.start()
        self.broker = Line(("127.0.0.1", self.valkey.port))
        self.port = free_port()
        login = quote(database["USER"]) + (
            f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else ""
        )
        self.environment = {
            **os.environ,
            "SELOSTE_STATE_DIR": str(state),
            "DJANGO_SETTINGS_MODULE": "tests.faults.web_settings",
            "DATABASE_URL": f"postgres://{login}@127.0.0.1:{self.database.port}/{database['NAME']}",
            "REDIS_URL": f"redis://127.0.0.1:{self.broker.port}/0",
            "DATABASE_ANSWER_SECONDS": "2",
            "FAULTS_QUEUE": QUEUE,
        }
        self.processes = [
            self._start(
                *("-m", "gunicorn", "settings.wsgi", "--worker-class", "gthread"),
                *("--threads", "4", "--bind", f"127.0.0.1:{self.port}"),
                *("--log-level", "warning", "--no-control-socket"),
            ),
            self._start(str(WORKER)),
        ]
        until(lambda: self.get("/healthz")[0] == 200)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env={**self.environment, "PYTHONPATH": str(settings.BASE_DIR)},
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )

    def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        return self.send("GET", path, **headers)

    def send(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers of an answer; 0 if there is none."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request(
                method,
                path,
                json.dumps(body).encode() if body is not None else None,
                {name.replace("_", "-"): value for name, value in headers.items()},
            )
            answer = line.getresponse()
            text = answer.read().decode()
            return answer.status, text, dict(answer.getheaders())
        except (OSError, http.client.HTTPException):
            return 0, "", {}
        finally:
            line.close()

    def ask(self, task: str, *arguments: object) -> None:
        """Send a task to the worker, over no line."""
        from celery import Celery

        # Not the current app: the tests that follow would send their tasks to it.
        with Celery(
            broker=f"redis://127.0.0.1:{self.valkey.port}/0", set_as_current=False
        ) as app:
            app.send_task(task, arguments, queue=QUEUE)

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.database.close()
        self.broker.close()
        self.valkey.kill()


def until(fact: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end, "It did not come true."
        time.sleep(0.05)


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="seloste-away-") as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def installation(
    django_db_setup: None, django_db_blocker: object, state: Path
) -> Iterator[Installation]:
    started = Installation(state)
    yield started
    started.close()


@pytest.fixture(autouse=True)
def _kinds_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for code in ("test.wait", "test.poison"):
        kind = jobs.JobKind(code, code, lambda *_: {})
        monkeypatch.setitem(jobs.KINDS, code, kind)


@pytest.fixture
def sender(
    installation: Installation,
) -> Callable[..., tuple[int, str, dict[str, str]]]:
    """Return a function that sends a call, each with the key of the test."""
    _key, secret = api_keys.create(
        name="Telephone system",
        scopes=list(ApiKey.Scope.values),
        actor=actors.system("access_control"),
    )
    began = timezone.now() - timedelta(hours=1)
    body = {
        "direction": "inbound",
        "number": "040 1234567",
        "started_at": began.isoformat(),
        "ended_at": (began + timedelta(minutes=5)).isoformat(),
    }

    def send(key: str = "one-call") -> tuple[int, str, dict[str, str]]:
        return installation.send(
            "POST",
            "/api/v1/calls",
            body,
            authorization=f"Bearer {secret}",
            content_type="application/json",
            idempotency_key=key,
        )

    return send


def order() -> Job:
    return jobs.order("test.wait", object_id="", actor=actors.system("access_control"))


def finished(job: Job) -> bool:
    job.refresh_from_db()
    return job.state == Job.State.DONE


@pytest.mark.parametrize("how", ["cut", "frozen"])
def test_without_its_database_the_web_says_so_and_works_again_by_itself(
    installation, sender, how
):
    assert sender("before")[0] == 201

    with getattr(installation.database, how)():
        status, text, headers = sender()
        assert (status, headers.get("Retry-After")) == (503, "5"), (status, text)
        assert json.loads(text)["error"]["code"] == "database_away"
        status, text, headers = installation.get(
            "/admin/", cookie=f"sessionid={32 * 'u'}", accept_language="sv"
        )
        assert (status, headers.get("Retry-After")) == (503, "5"), text
        assert '<html lang="sv">' in text
        assert installation.get("/healthz")[0] == 200

    until(lambda: sender()[0] == 201)
    assert sender()[0] == 201
    assert Call.objects.count() == 2
    assert IdempotencyKey.objects.count() == 2


def test_a_slow_database_is_only_slow(installation, sender):
    with installation.database.slow(0.02):
        until(lambda: sender()[0] == 201)
    assert Call.objects.count() == 1


def test_without_the_broker_the_web_serves(installation, sender):
    for how in (installation.broker.cut, installation.broker.frozen):
        with how():
            assert sender(how.__name__)[0] == 201
            assert installation.get("/admin/login/")[0] == 200
    assert Call.objects.count() == 2


@pytest.mark.parametrize("how", ["cut", "frozen"])
def test_a_job_whose_database_goes_away_is_done_when_it_is_back(installation, how):
    job = order()
    installation.ask("register.tasks.run_job", str(job.pk))
    until(lambda: Job.objects.get(pk=job.pk).done == 1)

    with getattr(installation.database, how)():
        time.sleep(1)

    until(lambda: _asked_until_done(installation, job))
    assert job.result == {"counts": {"runs": 2}}


@pytest.mark.parametrize("how", ["cut", "frozen"])
def test_a_worker_that_lost_its_broker_works_on_when_that_is_back(installation, how):
    with getattr(installation.broker, how)():
        job = order()
        time.sleep(1)

    until(lambda: _asked_until_done(installation, job))


def test_a_broker_that_forgot_everything_is_told_again(installation):
    job = order()
    redis.Redis(port=installation.valkey.port).flushall()
    until(lambda: _asked_until_done(installation, job))
    assert job.result == {"counts": {"runs": 1}}


def test_a_broker_that_was_killed_and_comes_back_empty_is_told_again(installation):
    job = order()
    installation.valkey.kill()
    installation.valkey.start()

    until(lambda: _asked_until_done(installation, job))
    assert job.result == {"counts": {"runs": 1}}


def test_a_job_that_always_kills_its_worker_is_given_up_and_others_go_on(installation):
    poison = jobs.order(
        "test.poison", object_id="", actor=actors.system("access_control")
    )
    other = order()

    until(lambda: _asked_until_done(installation, other))
    until(lambda: _is_given_up(installation, poison))

    assert poison.error_code == "TooManyAttempts"
    assert poison.attempts == jobs.MAX_ATTEMPTS + 1


def _asked_until_done(installation: Installation, job: Job) -> bool:
    """What beat does all the time: hand out what nobody works on."""
    installation.ask("register.tasks.sweep_jobs")
    time.sleep(0.3)
    return finished(job)


def _is_given_up(installation: Installation, job: Job) -> bool:
    installation.ask("register.tasks.sweep_jobs")
    time.sleep(0.3)
    job.refresh_from_db()
    return job.state == Job.State.FAILED
