"""Refusals of the domain: a code for programs and a sentence for people."""

from __future__ import annotations

from django.utils.functional import Promise


class DomainError(Exception):
    """Something the rules do not allow.

    ``message`` says what, and what to do now; it holds no personal data. Screens show
    it, the HTTP interface answers with ``{"error": {"code", "message"}}``. ``field``
    names the argument that is refused, where it is one: ``lines.3.said_at``.
    """

    def __init__(self, code: str, message: str | Promise, *, field: str = "") -> None:
        super().__init__(code)
        self.code, self.message, self.field = code, message, field

    def __str__(self) -> str:
        return str(self.message)


class Conflict(DomainError):
    """It would be allowed, but not beside what is there already."""


class ClocksDisagree(Exception):
    """The clocks of this host and of the database differ, or time made a leap.

    Nothing that depends on the time may be stored or deleted until that is settled.
    The text is for the operator's log.
    """
