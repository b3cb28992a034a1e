"""Refusals of the domain: a code for programs and a sentence for people."""

from __future__ import annotations

from django.utils.functional import Promise


class DomainError(Exception):
    """Something the rules do not allow.

    ``message`` says what, and what to do now; it holds no personal data. Screens show
    it, the HTTP interface answers with ``{"error": {"code", "message"}}``.
    """

    def __init__(self, code: str, message: str | Promise) -> None:
        super().__init__(code)
        self.code, self.message = code, message

    def __str__(self) -> str:
        return str(self.message)
