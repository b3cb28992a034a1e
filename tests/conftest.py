"""The cast and the clock. Everybody in the tests knows them.

``anna`` and ``bruno`` are contacts at the same company; ``bruno`` is prohibited from
e-mail marketing. ``officer`` and ``second_officer`` are data protection officers,
``agent`` serves customers, ``marketer``, ``seller``, ``auditor`` and ``administrator``
have the roles of their names; ``stranger`` has an account and no role.
"""

from __future__ import annotations

import contextlib
import importlib
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pkgutil import iter_modules
from typing import Any

import pytest
import redis
import time_machine
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from settings import services
from settings.celery import app as celery_app

services.ensure()


def pytest_sessionstart() -> None:
    """Load the addresses, and with them the screens, which some tests go through."""
    importlib.import_module(settings.ROOT_URLCONF)


@pytest.fixture(scope="session", autouse=True)
def _files_of_this_process() -> Iterator[None]:
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    yield
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Drop the database only when the server has let go of killed processes."""
    yield
    others = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    limit = time.monotonic() + 10
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        while time.monotonic() < limit:
            cursor.execute(others)
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.05)


@pytest.fixture(scope="session", autouse=True)
def _queue_of_this_process() -> Iterator[None]:
    yield
    queue = settings.CELERY_TASK_DEFAULT_QUEUE
    with celery_app.connection_for_read() as broker:
        channel: Any = broker.default_channel
        channel.client.delete(queue, f"_kombu.binding.{queue}")


@pytest.fixture(autouse=True)
def _no_files_of_others() -> Iterator[None]:
    """Files do not roll back with the test: what one leaves, the next must not find."""
    yield
    for left in settings.MEDIA_ROOT.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink()


@pytest.fixture(autouse=True)
def _language_of_the_tests() -> Iterator[None]:
    """The language of a request stays with its thread, which the next test has too."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    yield
    # Not cache.clear(): it would empty the corner of another test process too.
    location, options = (
        settings.CACHES["default"]["LOCATION"],
        settings.CACHES["default"],
    )
    server = redis.Redis.from_url(location)
    keys = list(server.scan_iter(match=f"{options['KEY_PREFIX']}:*", count=1000))
    if keys:
        server.delete(*keys)
    server.close()


# --- the clock -----------------------------------------------------------------------


@pytest.fixture
def at() -> Callable[[datetime], Any]:
    """Return a context manager that moves the clocks of Python and of the database.

    ``with at(moment): …`` needs a database test; the SQL clock is put back afterwards.
    """
    return moved_clock


@pytest.fixture(autouse=True)
def _moving_the_clock_is_no_leap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test moves the clock, time is to have passed."""
    from register import clocks

    monkeypatch.setattr(
        clocks, "since_boot", lambda: ("tests", timezone.now().timestamp())
    )


@contextlib.contextmanager
def moved_clock(moment: datetime) -> Iterator[None]:
    """Stop both clocks at ``moment``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION seloste_now() RETURNS timestamptz"
            f" LANGUAGE sql STABLE AS $$ SELECT timestamptz '{moment.astimezone(UTC).isoformat()}' $$"
        )
    try:
        with time_machine.travel(moment, tick=False):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION seloste_now() RETURNS timestamptz"
                " LANGUAGE sql STABLE AS 'SELECT statement_timestamp()'"
            )


# --- staff ---------------------------------------------------------------------------


def ensure_seeded() -> None:
    """Seed what migrations seed again if a transactional test emptied the tables."""
    from register.models import Role

    if Role.objects.exists():
        return
    for app in ("register", "contacts"):
        migrations = importlib.import_module(f"{app}.migrations")
        for name in sorted(module.name for module in iter_modules(migrations.__path__)):
            migration = importlib.import_module(f"{app}.migrations.{name}")
            if hasattr(migration, "seed"):
                migration.seed(apps, None)


def make_user(name: str, *roles: str) -> Any:
    """Create a staff account with roles; its password is ``correct horse battery``."""
    from register.models import Role, RoleAssignment, User

    ensure_seeded()
    user = User.objects.create_user(
        f"{name}@seloste.test",
        "correct horse battery",
        first_name=name.capitalize(),
        last_name="Staff",
        language="en",
    )
    for code in roles:
        RoleAssignment.objects.create(user=user, role=Role.objects.get(code=code))
    return user


@pytest.fixture
def officer(db: None) -> Any:
    return make_user("officer", "dpo")


@pytest.fixture
def second_officer(db: None) -> Any:
    return make_user("second.officer", "dpo")


@pytest.fixture
def agent(db: None) -> Any:
    return make_user("agent", "service")


@pytest.fixture
def seller(db: None) -> Any:
    return make_user("seller", "sales")


@pytest.fixture
def marketer(db: None) -> Any:
    return make_user("marketer", "marketing")


@pytest.fixture
def auditor(db: None) -> Any:
    return make_user("auditor", "auditor")


@pytest.fixture
def administrator(db: None) -> Any:
    return make_user("administrator", "admin")


@pytest.fixture
def stranger(db: None) -> Any:
    return make_user("stranger")


@pytest.fixture
def client_of() -> Callable[[Any], Client]:
    """Return a function that gives a browser session of a user, in English."""

    return session_of


def session_of(user: Any, *, factor: str = "totp", language: str = "en") -> Client:
    """Return a browser session that has passed password and second factor (or ``""``)."""
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    methods = ["password", *([factor] if factor else [])]
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password" if each == "password" else "mfa", "type": each}
        | {"at": time.time()}
        for each in methods
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session["session_began"] = session["session_seen"] = time.time()
    session.save()
    return client


# --- people --------------------------------------------------------------------------


def make_contact(**kwargs: Any) -> Any:
    """Create a contact with optional ``email``, ``phone`` and ``company``."""
    from contacts.models import Affiliation, Contact, ContactPoint

    email, phone = kwargs.pop("email", ""), kwargs.pop("phone", "")
    company = kwargs.pop("company", None)
    kwargs.setdefault("source", "staff")
    contact = Contact.objects.create(**kwargs)
    for kind, value in (("email", email), ("phone", phone)):
        if value:
            ContactPoint.objects.create(
                contact=contact, kind=kind, value=value, is_primary=True, source="staff"
            )
    if company is not None:
        Affiliation.objects.create(contact=contact, company=company, source="staff")
    return contact


@pytest.fixture
def company(db: None) -> Any:
    from contacts.models import Company

    return Company.objects.create(
        name="Esimerkki Oy", business_id="2327327-1", source="staff"
    )


@pytest.fixture
def anna(company: Any) -> Any:
    return make_contact(
        first_name="Anna",
        last_name="Virtanen",
        email="anna.virtanen@esimerkki.example",
        phone="+358401234567",
        company=company,
    )


@pytest.fixture
def bruno(company: Any) -> Any:
    return make_contact(
        first_name="Bruno",
        last_name="Mäkelä",
        email="bruno.makela@esimerkki.example",
        phone="+358407654321",
        company=company,
    )
