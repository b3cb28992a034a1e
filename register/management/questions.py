"""Asks an operator on the terminal, until the answer is a good one."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from register.models import User

Check = Callable[[str], str]


class Questions:
    """A conversation on a terminal."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write

    def say(self, text: str = "") -> None:
        """Write a line."""
        self._write(text)

    def ask(
        self, question: str, *, check: Check, default: str = "", optional: bool = False
    ) -> str:
        """Return what ``check`` makes of the answer; an empty answer is the default.

        ``check`` raises ValidationError, whose sentence is shown before asking again.
        An optional question may be left empty.
        """
        hint = f" [{default}]" if default else ""
        while True:
            answer = input(f"{question}{hint}: ").strip() or default
            if not answer:
                if optional:
                    return ""
                self.say("  " + _("This is needed."))
                continue
            try:
                return check(answer)
            except ValidationError as error:
                self.refuse(error)

    def agrees(self, question: str, *, default: bool) -> bool:
        """Return whether the answer is yes, in any of the languages of the register."""
        choice = _("Y/n") if default else _("y/N")
        answer = input(f"{question} [{choice}] ").strip().lower()
        return default if not answer else answer[0] in "ykj"

    def password(self, user: User) -> str:
        """Return a new password, typed twice and strong enough; it is not shown."""
        self.say("  " + " ".join(password_validators_help_texts()))
        while True:
            first = getpass.getpass(_("Password: "))
            try:
                validate_password(first, user)
            except ValidationError as error:
                self.refuse(error)
                continue
            if first == getpass.getpass(_("The same again: ")):
                return first
            self.say("  " + _("These two are not the same."))

    def refuse(self, error: ValidationError) -> None:
        """Say why an answer cannot be taken."""
        for sentence in error.messages:
            self.say(f"  {sentence}")


def field_check(model: type[object], name: str, others: Mapping[str, str]) -> Check:
    """Return the check that a field of a model makes of its value, ``clean`` included."""

    def check(value: str) -> str:
        row = model(**{**others, name: value})
        try:
            row.full_clean(validate_unique=False, validate_constraints=False)  # type: ignore[attr-defined]
        except ValidationError as error:
            if name in error.message_dict:
                raise ValidationError(error.message_dict[name]) from error
        return str(getattr(row, name))

    return check
