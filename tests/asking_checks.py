"""Asking one check of the conformance board, for the tests of each app."""

from __future__ import annotations

from typing import Any

from register.conformance import running


def status(code: str) -> str:
    """Return how the promise stands now: kept or broken."""
    return running.answer(code).status


def facts(code: str) -> dict[str, Any]:
    """Return the evidence."""
    return running.answer(code).facts


def records(code: str) -> list[tuple[str, str]]:
    """Return the rows that break the promise."""
    return running.answer(code).records
