"""``manage.py setup``: keys, controller and first accounts."""

from __future__ import annotations

import stat
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from register.management.questions import Questions, field_check
from register.models import AuditEntry, Controller, User
from register.services import controller
from settings import key_files
from tests.conftest import ensure_seeded

CONTROLLER = [
    "--name=Esimerkki Oy",
    "--business-id=23273271",
    "--street-address=Katu 1",
    "--postcode=02600",
    "--town=Espoo",
    "--dpo-email=tietosuoja@esimerkki.example",
    "--dpo-address=PL 1, 02600 Espoo",
]
PEOPLE = [
    "--administrator=Yrjö Ylläpitäjä <Yrjo@Esimerkki.example>",
    "--dpo=Tiina Tietosuoja <tiina@esimerkki.example>",
]


@pytest.fixture
def set_up(db, settings):
    settings.CONTROLLER = {}
    ensure_seeded()

    def run(*arguments):
        out = StringIO()
        call_command("setup", "--no-input", "--language=en", *arguments, stdout=out)
        return out.getvalue()

    return run


# --- keys -----------------------------------------------------------------------------


def test_keys_are_made_once_as_files_of_this_user_alone(tmp_path):
    directory = tmp_path / "keys"
    out = StringIO()

    call_command("setup", "--keys", str(directory), stdout=out)
    made = {path.name: path.read_text() for path in directory.iterdir()}
    call_command("setup", "--keys", str(directory), stdout=StringIO())

    assert set(made) == {name.lower() for name in key_files.KEYS}
    assert made["address_hash_keys"].startswith("k1:")
    assert all(len(value) > 60 for value in made.values())
    assert {path.name: path.read_text() for path in directory.iterdir()} == made
    assert {stat.S_IMODE(p.stat().st_mode) for p in directory.iterdir()} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    # The values themselves are not shown.
    assert not any(value.strip() in out.getvalue() for value in made.values())


def test_keys_for_containers_come_with_the_passwords_of_the_servers(tmp_path):
    call_command(
        "setup", "--keys", str(tmp_path / "s"), "--for-containers", stdout=StringIO()
    )

    made = list((tmp_path / "s").iterdir())
    assert {path.name for path in made} == {
        name.lower() for name in key_files.KEYS + key_files.PASSWORDS
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o444}
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700


def test_keys_can_be_printed_for_an_environment_file():
    out = StringIO()

    call_command("setup", "--print-keys", stdout=out)

    lines = dict(line.split("=", 1) for line in out.getvalue().splitlines())
    assert set(lines) == set(key_files.KEYS)


def test_nothing_is_asked_or_made_without_keys(set_up, settings):
    settings.AUDIT_KEY = ""

    with pytest.raises(CommandError, match="AUDIT_KEY is missing"):
        set_up(*CONTROLLER, *PEOPLE)

    assert not controller.is_saved()
    assert not User.objects.exists()


# --- from options ---------------------------------------------------------------------


def test_controller_and_first_accounts_come_from_options(set_up, tmp_path):
    passwords = tmp_path / "passwords"
    passwords.write_text("yrjo@esimerkki.example kolme pitkää sanaa\n")

    said = set_up(*CONTROLLER, *PEOPLE, f"--passwords={passwords}")

    assert controller.current().business_id == "2327327-1"
    administrator = User.objects.get(roles__code="admin")
    assert administrator.get_full_name() == "Yrjö Ylläpitäjä"
    assert administrator.check_password("kolme pitkää sanaa")
    officer = User.objects.get(roles__code="dpo")
    shown = said.partition("shown only now: ")[2].split()[0]
    assert officer.check_password(shown)
    assert "kolme pitkää sanaa" not in said
    granted = AuditEntry.objects.filter(action="staff.role_granted")
    assert {entry.details["role"] for entry in granted} == {"admin", "dpo"}
    assert "Data protection officers" in said
    assert "set up a second factor" in said
    assert "set up a second factor" not in set_up(*CONTROLLER, *PEOPLE)


def test_a_second_run_changes_only_what_it_is_told(set_up):
    set_up(*CONTROLLER, *PEOPLE)
    before = list(User.objects.values("email", "password"))
    entries = AuditEntry.objects.count()

    said = set_up(*CONTROLLER, *PEOPLE)

    assert "nothing changed" in said
    assert "shown only now" not in said
    assert list(User.objects.values("email", "password")) == before
    assert AuditEntry.objects.count() == entries
    set_up("--town=Vantaa", "--dpo=Yrjö Ylläpitäjä <yrjo@esimerkki.example>")
    assert controller.current().town == "Vantaa"
    assert controller.current().name == "Esimerkki Oy"
    roles = User.objects.get(email="yrjo@esimerkki.example").roles
    assert set(roles.values_list("code", flat=True)) == {"admin", "dpo"}


def test_a_wrong_business_id_or_a_weak_password_is_refused(set_up, tmp_path):
    with pytest.raises(CommandError, match="business-id: The check digit"):
        set_up(*CONTROLLER, "--business-id=2327327-2", *PEOPLE)
    assert not controller.is_saved()
    weak = tmp_path / "passwords"
    weak.write_text("yrjo@esimerkki.example password\n")

    with pytest.raises(CommandError, match="too short"):
        set_up(*PEOPLE, f"--passwords={weak}")

    assert not User.objects.exists()


def test_an_account_without_a_name_is_refused(set_up):
    with pytest.raises(CommandError, match="accounts are personal"):
        set_up("--dpo=tietosuoja@esimerkki.example")

    assert not User.objects.exists()


# --- asked for ------------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that gives answers and returns what was said meanwhile."""
    said: list[str] = []

    def answer(*answers, secretly=()):
        typed, hidden = iter(answers), iter(secretly)
        monkeypatch.setattr("builtins.input", lambda question: next(typed))
        monkeypatch.setattr("getpass.getpass", lambda question: next(hidden))
        return Questions(said.append), said

    return answer


@pytest.mark.parametrize("leaving", [EOFError, KeyboardInterrupt])
def test_whoever_breaks_off_is_told_how_to_go_on(leaving, db, settings, monkeypatch):
    settings.CONTROLLER = {}

    def leave(question):
        raise leaving

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", leave)

    with pytest.raises(CommandError, match="setup goes on from there"):
        call_command("setup", "--language=en", stdout=StringIO())

    assert not User.objects.exists()


def test_a_question_is_asked_until_the_answer_is_good(terminal):
    questions, said = terminal("", "2327327-2", "23273271")

    answer = questions.ask(
        "Business id", check=field_check(Controller, "business_id", {})
    )

    assert answer == "2327327-1"
    assert [line.strip() for line in said] == [
        "This is needed.",
        "The check digit of the business id is wrong. Check every digit.",
    ]


def test_an_empty_answer_is_the_default_or_nothing(terminal):
    questions, _said = terminal("", "")
    town = field_check(Controller, "town", {})

    assert questions.ask("Town", check=town, default="Espoo") == "Espoo"
    assert questions.ask("Town", check=town, optional=True) == ""


def test_a_password_is_typed_twice_and_strong(terminal):
    good = "kolme pitkää sanaa"
    questions, said = terminal(secretly=["short", good, "another one", good, good])

    assert questions.password(User(email="yrjo@esimerkki.example")) == good
    assert any("too short" in line for line in said)
    assert any("not the same" in line for line in said)
    assert not any(good in line for line in said)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ValidationError, match="valid email"):
        field_check(User, "email", {})("nobody")
