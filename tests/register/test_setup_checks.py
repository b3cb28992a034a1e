from __future__ import annotations

import dataclasses
import json
from io import StringIO

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from register import setup_checks
from register.models import StaffIdentity
from register.setup_checks import Group, Outcome, State, files, servers
from settings.single_sign_on import SingleSignOn
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


def states(*codes):
    found = {r.check.code: r.outcome.state for r in setup_checks.run_all()}
    return found if not codes else {code: found[code] for code in codes}


@pytest.fixture
def only(monkeypatch):
    """Return a function that leaves nothing but one check of the test's own."""

    def leave(run, *, needs_database=True):
        check = setup_checks.Check("own", "Own", Group.FILES, 1, run, needs_database)
        monkeypatch.setattr(setup_checks, "_CHECKS", {"own": check})

    return leave


def test_accounts_and_controller_are_asked_for_until_they_are_there(settings):
    settings.CONTROLLER = {}
    first = states("administrators", "officers", "controller")
    make_user("administrator", "admin")
    make_user("officer", "dpo")
    settings.CONTROLLER = {
        "name": "Esimerkki Oy",
        "business_id": "2327327-1",
        "street_address": "Katu 1",
        "postcode": "02600",
        "town": "Espoo",
        "dpo_email": "dpo@esimerkki.example",
        "dpo_address": "PL 1, 02600 Espoo",
    }
    second = states("administrators", "officers", "controller")
    make_user("second.officer", "dpo")
    third = states("officers")

    assert set(first.values()) == {State.MISSING}
    assert second == {
        "administrators": State.OK,
        "officers": State.WARNING,
        "controller": State.WARNING,
    }
    assert third == {"officers": State.OK}


def test_an_inactive_officer_or_one_without_a_password_does_not_count(officer):
    officer.set_unusable_password()
    officer.save()
    assert states("officers") == {"officers": State.MISSING}
    officer.set_password("correct horse battery")
    officer.is_active = False
    officer.save()

    assert states("officers") == {"officers": State.MISSING}


def test_the_database_of_the_suite_is_as_it_should_be():
    found = states("database", "database_roles", "migrations", "clock", "files")

    # A test suite may create databases, so the roles are at most looked at.
    assert found.pop("database_roles") in (State.OK, State.WARNING)
    assert set(found.values()) == {State.OK}


def test_a_table_that_differs_is_named():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE contacts_contact ADD COLUMN nickname text")

    result = next(r for r in setup_checks.run_all() if r.check.code == "migrations")

    assert result.outcome.state == State.MISSING
    assert "contacts_contact.nickname" in result.outcome.says


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"redis_version": "6.0.16"}, State.MISSING),
        ({"redis_version": "6.2.0", "aof_enabled": 1}, State.OK),
        ({"redis_version": "7.2.4", "aof_enabled": 0}, State.WARNING),
        (
            {
                "redis_version": "7.2.4",
                "aof_enabled": 1,
                "maxmemory_policy": "allkeys-lru",
            },
            State.WARNING,
        ),
        (
            {
                "redis_version": "7.2.4",
                "server_name": "valkey",
                "valkey_version": "9.1.2",
                "aof_enabled": 1,
            },
            State.OK,
        ),
    ],
)
def test_redis_is_judged_by_version_eviction_and_persistence(said, state):
    assert servers._judge_redis(said).state == state


def test_a_redis_that_does_not_answer_is_missing(settings):
    settings.REDIS_URL = "redis://:se-cret@127.0.0.1:1/0"

    result = next(r for r in setup_checks.run_all() if r.check.code == "redis")

    assert result.outcome.state == State.MISSING
    assert "se-cret" not in f"{result.outcome.says} {result.outcome.todo}"


def test_a_directory_that_cannot_be_written_is_missing(settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "file" / "anchor.json")

    assert states("files", "anchor") == {
        "files": State.MISSING,
        "anchor": State.MISSING,
    }


def test_screens_whose_files_were_not_collected_are_missing(monkeypatch, tmp_path):
    storage = ManifestStaticFilesStorage(location=tmp_path)
    monkeypatch.setattr(files, "staticfiles_storage", storage)
    assert states("static_files") == {"static_files": State.MISSING}
    storage.hashed_files = {
        path: path for finder in get_finders() for path, _ in finder.list(None)
    }

    assert states("static_files") == {"static_files": State.OK}


def test_production_without_tls_or_with_every_host_is_to_be_looked_at(settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False

    assert states("hosts", "tls") == {"hosts": State.WARNING, "tls": State.WARNING}


def test_a_check_that_fails_says_so_without_its_text_and_stops_no_other(only):
    def run():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'matti@esimerkki.example'::int")

    only(run)

    (result,) = setup_checks.run_all()

    assert result.outcome.state == State.UNKNOWN
    assert "DataError" in result.outcome.says
    assert "matti" not in result.outcome.says
    # The transaction of whoever asked goes on.
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.parametrize(
    ("statement", "todo"),
    [
        ("SELECT * FROM table_to_come", "Run manage.py migrate."),
        ("SELECT to_come FROM register_controller", "Run manage.py migrate."),
        ("SELECT 1/0", ""),
    ],
)
def test_a_check_that_misses_a_table_asks_for_migrations(only, statement, todo):
    def run():
        with connection.cursor() as cursor:
            cursor.execute(statement)

    only(run)

    (result,) = setup_checks.run_all()

    assert result.outcome.state == State.UNKNOWN
    assert result.outcome.todo == todo


def test_a_web_process_that_works_as_the_owner_is_missing_its_role():
    """Here it is one; the page is served as the application role."""
    (found,) = (
        result.outcome
        for result in setup_checks.run_all(in_web=True)
        if result.check.code == "web_role"
    )

    assert found.state == State.MISSING
    assert "does not bind" in found.says
    assert "web_role" not in states()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE seloste_app")
        assert servers.web_role().state == State.OK


def test_every_check_has_words_and_what_is_missing_comes_first():
    results = setup_checks.run_all()

    assert len(results) >= 14
    assert all(str(r.check.title) and str(r.outcome.says) for r in results)
    left = setup_checks.not_in_order(results)
    assert all(str(r.outcome.todo) for r in left if r.outcome.state != State.UNKNOWN)
    order = [r.outcome.state for r in left]
    assert order == sorted(
        order, key=[State.MISSING, State.UNKNOWN, State.WARNING].index
    )


def test_those_who_can_mend_something_see_the_page_and_others_do_not(
    administrator, officer, auditor, agent, client_of
):
    page = reverse("admin:register_setup")

    for user in (administrator, officer):
        said = client_of(user).get(page).content.decode()
        assert "Anchor of the audit trail" in said
        assert page in client_of(user).get(reverse("admin:index")).content.decode()
    for user in (auditor, agent):
        assert client_of(user).get(page).status_code == 403
        front = client_of(user).get(reverse("admin:index")).content.decode()
        assert page not in front


def test_the_overview_leads_there_only_while_something_is_missing(
    administrator, client_of, only
):
    only(lambda: Outcome(State.MISSING, "Gone.", "Bring it back."))
    words = "missing before the register can be relied on"

    front = client_of(administrator).get(reverse("admin:index")).content.decode()
    assert words in front
    only(lambda: Outcome(State.WARNING, "Old.", "Renew it."))
    # The page asks anew and the overview knows it at once.
    client_of(administrator).get(reverse("admin:register_setup"))
    front = client_of(administrator).get(reverse("admin:index")).content.decode()
    assert words not in front


def test_the_command_asks_the_same_and_ends_with_a_status(only):
    only(lambda: Outcome(State.MISSING, "Gone.", "Bring it back."))
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("setup", "--check", "--json", stdout=out)
    assert ended.value.code == 1
    assert json.loads(out.getvalue()) == {
        "checks": [
            {
                "code": "own",
                "state": "missing",
                "says": "Gone.",
                "todo": "Bring it back.",
            }
        ]
    }
    only(lambda: Outcome(State.WARNING, "Old.", "Renew it."))
    out = StringIO()
    call_command("setup", "--check", "--language", "en", stdout=out)
    assert "1. Own: Renew it." in out.getvalue()
    assert cache.get("set-up-missing") is None


def test_single_sign_on_names_roles_that_there_are_and_leaves_a_way_in(settings):
    boss = make_user("boss", "admin")
    state = lambda: states("single_sign_on")["single_sign_on"]  # noqa: E731
    assert state() == State.OK
    on = SingleSignOn(
        issuer="https://login.example",
        client_id="seloste",
        client_secret="of the client",
        group_roles=(("g", "sales"),),
        is_only_way=True,
        break_glass=(boss.email,),
    )
    settings.SINGLE_SIGN_ON = on
    assert state() == State.OK

    settings.SINGLE_SIGN_ON = dataclasses.replace(on, group_roles=(("g", "sells"),))
    assert state() == State.MISSING
    settings.SINGLE_SIGN_ON = on
    boss.set_unusable_password()
    boss.save()
    assert state() == State.MISSING
    assert states("administrators")["administrators"] == State.MISSING

    StaffIdentity.objects.create(user=boss, issuer=on.issuer, subject="1")
    assert states("administrators")["administrators"] == State.OK
