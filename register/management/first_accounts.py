"""The first accounts of an installation: an administrator and two officers."""

from __future__ import annotations

import argparse
import dataclasses
import secrets
from collections.abc import Callable
from email.utils import parseaddr
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from register import actors
from register.management.questions import Questions, field_check
from register.models import Role, User
from register.services import staff

ADMINISTRATOR, OFFICER = "admin", "dpo"


@dataclasses.dataclass(frozen=True, slots=True)
class NamedPerson:
    """A member of staff as an option names one: ``Etu Suku <etu@example.fi>``."""

    first_name: str
    last_name: str
    email: str

    @classmethod
    def parse(cls, text: str) -> NamedPerson:
        """Read an option. Raises ArgumentTypeError with a sentence."""
        name, email = parseaddr(text)
        first_name, _blank, last_name = name.strip().partition(" ")
        if not (first_name and last_name and "@" in email):
            raise argparse.ArgumentTypeError(
                "Write the person as 'First Last <e-mail>': accounts are personal."
            )
        return cls(first_name, last_name.strip(), email.lower())


class FirstAccounts:
    """Makes accounts that are missing and never changes a password."""

    def __init__(
        self,
        write: Callable[[str], object],
        questions: Questions | None,
        *,
        language: str,
        passwords: Path | None,
    ) -> None:
        self._write, self._questions, self._language = write, questions, language
        self._passwords = _read_passwords(passwords)
        self._has_made = False

    def make(
        self, administrators: list[NamedPerson], officers: list[NamedPerson]
    ) -> None:
        """Make those that are named, and ask for those that are missing."""
        for role, people in ((ADMINISTRATOR, administrators), (OFFICER, officers)):
            for person in people:
                self._ensure(person, role)
        if self._questions is not None:
            self._ask(self._questions)
        if self._has_made:
            self._write(
                _(
                    "At their first log-in they set up a second factor: an authenticator app or a passkey. Do it at once; until then the password is all there is."
                )
            )

    def _ask(self, questions: Questions) -> None:
        if not _holders(ADMINISTRATOR):
            questions.say(
                "\n"
                + _(
                    "The first administrator makes accounts and API keys, and sees no customers."
                )
            )
            self._ask_for(questions, ADMINISTRATOR, optional=False)
        while _holders(OFFICER) < 2:
            questions.say(
                "\n"
                + (
                    _(
                        "A second data protection officer: what cannot be undone needs two people. Leave it empty to do it later."
                    )
                    if _holders(OFFICER)
                    else _("The data protection officer answers requests.")
                )
            )
            if not self._ask_for(questions, OFFICER, optional=bool(_holders(OFFICER))):
                break

    def _ask_for(self, questions: Questions, role: str, *, optional: bool) -> bool:
        email = questions.ask(
            _("E-mail address"), check=field_check(User, "email", {}), optional=optional
        )
        if not email:
            return False
        if User.objects.filter(email=email.lower()).exists():
            self._ensure(NamedPerson("", "", email.lower()), role)
            return True
        names = {
            name: questions.ask(label, check=field_check(User, name, {}))
            for name, label in (
                ("first_name", _("First name")),
                ("last_name", _("Last name")),
            )
        }
        password = questions.password(User(email=email, **names))
        self._create(NamedPerson(email=email, **names), role, password)
        return True

    def _ensure(self, person: NamedPerson, role: str) -> None:
        account = User.objects.filter(email=person.email).first()
        if account is None:
            given = self._passwords.get(person.email)
            password = given or secrets.token_urlsafe(15)
            self._create(person, role, password)
            if given is None:
                self._write(
                    _("  password, shown only now: %(password)s")
                    % {"password": password}
                )
            return
        held = set(account.roles.values_list("code", flat=True))
        if role in held:
            self._write(_("%(email)s: has the role already.") % {"email": person.email})
            return
        wanted = list(Role.objects.filter(code__in=[*held, role]))
        staff.set_roles(account, wanted, actor=actors.system("access_control"))
        self._write(_("%(email)s: got the role.") % {"email": person.email})

    def _create(self, person: NamedPerson, role: str, password: str) -> None:
        try:
            staff.create_account(
                email=person.email,
                first_name=person.first_name,
                last_name=person.last_name,
                language=self._language,
                password=password,
                roles=[Role.objects.get(code=role)],
                actor=actors.system("access_control"),
            )
        except ValidationError as error:
            raise CommandError(f"{person.email}: {' '.join(error.messages)}") from error
        self._has_made = True
        self._write(_("%(email)s: account made.") % {"email": person.email})


def _holders(role: str) -> int:
    return User.objects.filter(is_active=True, roles__code=role).count()


def _read_passwords(path: Path | None) -> dict[str, str]:
    """Return passwords by address, out of lines ``e-mail password``."""
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(_("The file of passwords cannot be read.")) from error
    pairs = [line.split(None, 1) for line in lines if line.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise CommandError(
            _("The file of passwords holds lines of e-mail and password.")
        )
    return {email.lower(): password.strip() for email, password in pairs}
