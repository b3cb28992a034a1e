"""``manage.py setup``: keys, controller, first accounts, and what is still missing."""

from __future__ import annotations

import json
import locale
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from register import actors, setup_checks
from register.management.first_accounts import FirstAccounts, NamedPerson
from register.management.questions import Questions, field_check
from register.models import Controller
from register.services import controller
from register.settings_checks import check_settings
from register.setup_checks import Group, Result, State
from settings import environment, key_files


class Command(BaseCommand):
    """Sets an installation up, or says what it lacks. Safe to run again."""

    help = (
        "Set the register up: keys, controller, first accounts; then say what is still missing. "
        "On a terminal it asks; --no-input takes options only. What is set already stays as it is "
        "unless an option or an answer changes it."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--no-input", action="store_true", help="never ask")
        parser.add_argument(
            "--check",
            action="store_true",
            help="only look; status 1 if something is missing",
        )
        parser.add_argument(
            "--json", action="store_true", help="with --check, for programs"
        )
        parser.add_argument(
            "--keys",
            type=Path,
            metavar="DIRECTORY",
            help="make the key files that are missing there (0600), and end",
        )
        parser.add_argument(
            "--for-containers",
            action="store_true",
            help="with --keys: passwords of the servers too, readable where one file is mounted (0444 in a directory 0700)",
        )
        parser.add_argument(
            "--print-keys",
            action="store_true",
            help="print fresh keys as lines of an environment file, and end",
        )
        parser.add_argument("--migrate", action="store_true", help="apply what waits")
        parser.add_argument(
            "--language",
            choices=[code for code, _name in settings.LANGUAGES],
            help="of the questions and of the accounts; default: that of the terminal",
        )
        for name in controller.FIELDS:
            parser.add_argument(
                f"--{name.replace('_', '-')}", dest=name, help="of the controller"
            )
        for role, dest in (("administrator", "administrators"), ("dpo", "officers")):
            parser.add_argument(
                f"--{role}",
                dest=dest,
                action="append",
                default=[],
                type=NamedPerson.parse,
                metavar="'First Last <e-mail>'",
                help="an account with this role, made if it is not there; may be repeated",
            )
        parser.add_argument(
            "--passwords",
            type=Path,
            metavar="FILE",
            help="lines 'e-mail password' for new accounts; without a line one is made up and printed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is asked, in the order in which one thing needs the other."""
        with translation.override(options["language"] or _language_of_terminal()):
            if options["print_keys"]:
                self._print_keys()
            elif options["keys"]:
                self._make_keys(
                    options["keys"], for_containers=options["for_containers"]
                )
            elif options["check"]:
                self._check(as_json=options["json"])
            else:
                self._converse(options)

    # --- keys ---------------------------------------------------------------------

    def _print_keys(self) -> None:
        for name in key_files.KEYS:
            self.stdout.write(f"{name}={key_files.new_value(name)}")

    def _make_keys(self, directory: Path, *, for_containers: bool) -> None:
        names = key_files.KEYS + (key_files.PASSWORDS if for_containers else ())
        modes = key_files.FOR_CONTAINERS if for_containers else key_files.PRIVATE
        try:
            for name, path, is_new in key_files.make(directory, names, modes=modes):
                done = _("newly made") if is_new else _("was there")
                self.stdout.write(f"{name}_FILE={path.resolve()}  # {done}")
        except OSError as error:
            raise CommandError(
                _("The keys cannot be written to %(directory)s (%(reason)s).")
                % {"directory": directory, "reason": error.strerror}
            ) from error
        self.stdout.write(
            _(
                "Keep a copy of them apart from the database: without AUDIT_KEY the audit trail cannot be verified, and without ADDRESS_HASH_KEYS prohibitions are not found."
            )
        )
        if not for_containers:
            self.stdout.write(
                _("Next: set SECRETS_DIR=%(directory)s and run manage.py setup again.")
                % {"directory": directory.resolve()}
            )

    # --- the conversation ---------------------------------------------------------

    def _converse(self, options: dict[str, Any]) -> None:
        """Set up; whoever breaks off, with Ctrl-C or Ctrl-D, is told how to go on."""
        try:
            self._set_up(options)
        except (KeyboardInterrupt, EOFError):
            self.stdout.write()
            raise CommandError(
                _(
                    "Broken off. What was saved so far is kept; manage.py setup goes on from there."
                )
            ) from None

    def _set_up(self, options: dict[str, Any]) -> None:
        asks = sys.stdin.isatty() and not options["no_input"]
        questions = Questions(self.stdout.write) if asks else None
        if not self._has_keys(questions):
            return
        self._reach_database(questions, migrate=options["migrate"])
        self._set_controller(questions, options)
        FirstAccounts(
            self.stdout.write,
            questions,
            language=translation.get_language(),
            passwords=options["passwords"],
        ).make(options["administrators"], options["officers"])
        self._report(setup_checks.run_all())

    def _has_keys(self, questions: Questions | None) -> bool:
        """Whether the keys are set; if not, make their files where the answer says."""
        wrong = [
            m
            for m in check_settings()
            if m.id
            in ("register.E101", "register.E102", "register.E103", "register.E109")
        ]
        if not wrong and not environment.problems:
            return True
        if questions is None or environment.problems:
            raise CommandError(
                "\n".join(f"{m.msg} {m.hint}" for m in check_settings())
                + "\n"
                + _("manage.py setup --keys DIRECTORY makes the keys.")
            )
        questions.say(
            _(
                "The keys of this installation are not set. They are made as files that only this user can read."
            )
        )
        directory = questions.ask(
            _("Directory of the keys"), check=str, default="/etc/seloste/keys"
        )
        self._make_keys(Path(directory), for_containers=False)
        return False

    def _reach_database(self, questions: Questions | None, *, migrate: bool) -> None:
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            raise CommandError(
                _(
                    "The database does not answer. Check DATABASE_URL; an administrator of the server makes the roles and the database with manage.py database_roles."
                )
            ) from error
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return
        if migrate or (
            questions is not None
            and questions.agrees(
                _(
                    "The tables are not made or not up to date. Run manage.py migrate now?"
                ),
                default=True,
            )
        ):
            call_command("migrate", verbosity=0, stdout=self.stdout)
            return
        raise CommandError(
            _(
                "The tables are not made or not up to date: run manage.py migrate, or add --migrate."
            )
        )

    def _set_controller(
        self, questions: Questions | None, options: dict[str, Any]
    ) -> None:
        found = controller.current()
        known = {name: str(getattr(found, name)) for name in controller.FIELDS}
        given = {name: options[name] for name in controller.FIELDS if options[name]}
        if questions is not None and not given:
            given = _ask_controller(questions, known)
        if not given:
            return
        try:
            changed = controller.save(given, actor=actors.system("access_control"))
        except ValidationError as error:
            raise CommandError(
                "\n".join(
                    f"--{name.replace('_', '-')}: {sentence}"
                    for name, sentences in error.message_dict.items()
                    for sentence in sentences
                )
            ) from error
        self.stdout.write(
            _("Controller: saved.") if changed else _("Controller: nothing changed.")
        )

    # --- what is missing ----------------------------------------------------------

    def _check(self, *, as_json: bool) -> None:
        results = setup_checks.run_all()
        if as_json:
            self.stdout.write(
                json.dumps(
                    {"checks": [_as_json(r) for r in results]},
                    indent=2,
                    ensure_ascii=False,
                )
            )
        else:
            self._report(results)
        if any(result.outcome.state == State.MISSING for result in results):
            sys.exit(1)

    def _report(self, results: list[Result]) -> None:
        for group in Group:
            of_group = [result for result in results if result.check.group == group]
            if of_group:
                self.stdout.write(f"\n{group.label}")
            for result in of_group:
                self.stdout.write(
                    f"  [{result.outcome.state.label}]  {result.check.title}: {result.outcome.says}"
                )
        left = setup_checks.not_in_order(results)
        self.stdout.write(
            "\n" + (_("Still to be done:") if left else _("Nothing is missing."))
        )
        for number, result in enumerate(left, start=1):
            todo = result.outcome.todo or result.outcome.says
            self.stdout.write(f"  {number}. {result.check.title}: {todo}")


def _ask_controller(questions: Questions, known: dict[str, str]) -> dict[str, str]:
    questions.say(
        "\n" + _("The controller, as people are told in packages and letters:")
    )
    for name, value in known.items():
        questions.say(f"  {_label(name)}: {value or '–'}")
    if controller.is_saved() and not questions.agrees(_("Change it?"), default=False):
        return {}
    answers: dict[str, str] = {}
    for name in controller.FIELDS:
        check = field_check(Controller, name, {**known, **answers})
        answers[name] = questions.ask(_label(name), check=check, default=known[name])
    return answers


def _label(name: str) -> str:
    return capfirst(str(Controller._meta.get_field(name).verbose_name))  # type: ignore[union-attr]


def _as_json(result: Result) -> dict[str, str]:
    return {
        "code": result.check.code,
        "state": result.outcome.state.value,
        "says": str(result.outcome.says),
        "todo": str(result.outcome.todo),
    }


def _language_of_terminal() -> str:
    code = (locale.getlocale()[0] or "").partition("_")[0]
    return code if code in dict(settings.LANGUAGES) else "en"
