"""What is known about each clause: live checks, and what no check can tell.

Each app says in its module ``conformance`` how its promises are checked. A clause that
nobody speaks of is not built yet; one of which only a part can be checked says which.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.conformance.clauses import CLAUSES

Text = str | Promise
Answer = TypeVar("Answer")


class Status(models.TextChoices):
    """How a clause or a part of it stands. The words are stable: programs read them."""

    KEPT = "kept", _("kept")
    KEPT_IN_PART = "kept_in_part", _("kept in part")
    BROKEN = "broken", _("broken")
    CANNOT_BE_CHECKED = "cannot_be_checked", _("cannot be checked")
    NOT_BUILT = "not_built", _("not built yet")


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw: its judgement, numbers and codes, and a few of the rows.

    ``facts`` hold numbers, times, codes and ids, never names or other values of
    people. ``records`` are ``(table label, key)`` of rows that break the promise.
    """

    status: Status
    facts: Mapping[str, Any]
    records: Sequence[tuple[str, Any]] = ()


def judge(
    kept: bool,  # noqa: FBT001 - the one question
    /,
    *,
    records: Iterable[tuple[str, Any]] = (),
    **facts: Any,
) -> Finding:
    """Return that the promise is kept, or broken, with the evidence."""
    return Finding(Status.KEPT if kept else Status.BROKEN, facts, tuple(records))


class Board:
    """One run of all checks: its moment, and what several of them want to know."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._known: dict[Callable[[], Any], Any] = {}

    def once(self, question: Callable[[], Answer]) -> Answer:
        """Return the answer to ``question``, asked at most once a run."""
        if question not in self._known:
            self._known[question] = question()
        return self._known[question]  # type: ignore[no-any-return]


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """A live check: what must be true, how it is found out, and what to do if it is not.

    ``link`` names the page with the records concerned, as ``reverse`` takes it, with
    a query after ``?`` if need be; or gives the address when it is called.
    """

    code: str
    clauses: tuple[str, ...]
    promise: Text
    remedy: Text
    ask: Callable[[Board], Finding]
    link: str | Callable[[], str] = ""
    labels: Mapping[str, Text] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Gap:
    """A part of a clause that no machine checks: not built, or a matter of people."""

    code: str
    clauses: tuple[str, ...]
    status: Status
    text: Text


CHECKS: dict[str, Check] = {}
GAPS: dict[str, Gap] = {}


def live_check(
    code: str,
    *clauses: str,
    promise: Text,
    remedy: Text,
    link: str | Callable[[], str] = "",
    labels: Mapping[str, Text] | None = None,
) -> Callable[[Callable[[Board], Finding]], Callable[[Board], Finding]]:
    """Make a function the live check ``code`` of ``clauses``.

    The function must be bounded (at a million people: a fraction of a second), must
    change nothing, and need not catch anything: what it raises is shown as broken.
    ``labels`` name its facts for people, beside those of ``wording.LABELS``.
    """

    def decorate(ask: Callable[[Board], Finding]) -> Callable[[Board], Finding]:
        _require_new(code, clauses)
        CHECKS[code] = Check(code, clauses, promise, remedy, ask, link, labels or {})
        return ask

    return decorate


def not_built(code: str, *clauses: str, what: Text) -> None:
    """Say which part of a clause does not exist yet. Take it away when it does."""
    _require_new(code, clauses)
    GAPS[code] = Gap(code, clauses, Status.NOT_BUILT, what)


def look_at(code: str, *clauses: str, what: Text) -> None:
    """Say what about a clause only people can find out."""
    _require_new(code, clauses)
    GAPS[code] = Gap(code, clauses, Status.CANNOT_BE_CHECKED, what)


def checks_of(clause: str) -> list[Check]:
    """Return the live checks of a clause."""
    return [check for check in CHECKS.values() if clause in check.clauses]


def gaps_of(clause: str) -> list[Gap]:
    """Return what of a clause no machine checks."""
    return [gap for gap in GAPS.values() if clause in gap.clauses]


def worst(parts: Iterable[Status]) -> Status:
    """Return how a clause stands whose parts stand so.

    One broken part breaks it. It is kept only if every part is; a part that is not
    built or cannot be checked leaves it kept in part. Nothing at all is not built.
    """
    found = set(parts)
    if Status.BROKEN in found:
        return Status.BROKEN
    if found == {Status.KEPT}:
        return Status.KEPT
    if Status.KEPT in found:
        return Status.KEPT_IN_PART
    return (
        Status.CANNOT_BE_CHECKED
        if found == {Status.CANNOT_BE_CHECKED}
        else Status.NOT_BUILT
    )


def _require_new(code: str, clauses: Sequence[str]) -> None:
    if not clauses or not set(clauses) <= set(CLAUSES):
        raise ValueError(f"{code!r} names no clause, or one that does not exist.")
    if code in CHECKS or code in GAPS:
        raise ValueError(f"There is a check {code!r} already.")
