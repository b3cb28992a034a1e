"""Clauses N7: nothing outlives its period, and nothing that has is to be seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from register.conformance.registry import (
    Board,
    Finding,
    judge,
    live_check,
    not_built,
)
from register.conformance.since import is_new
from register.database.due_tables import due_tables
from register.database.visibility import as_the_web
from register.datamap.declarations import Ends
from register.datamap.graph import Entry, graph
from register.datamap.removal import parts_of
from register.datamap.vocabulary import Category
from register.periods import Period, ends_at_sql
from retention.due import Rule, rules
from retention.held import HoldsInForce, in_force
from retention.models import Run

PLAN = "admin:retention_run_plan"
# What the notice promises: the clause, the category and the period.
PROMISED = {
    "N7.2": (Category.CHATS, "P3M"),
    "N7.3": (Category.RECORDINGS, "P7M"),
}
SWEPT_WITHIN = timedelta(hours=1)
# Nobody needs to know how many there are beyond this.
COUNTED_UP_TO = 10_000
# Due rows that are tried to be seen, and rows whose due instant is computed again.
PROBED, RECOMPUTED = 100, 1_000

GONE_LABELS = {"never": _("Without a due instant")}


@live_check(
    "nothing_late",
    "N7.1",
    promise=_("Nothing that has a period is there after it, unless a hold keeps it."),
    remedy=_("Sweep on the retention page; if rows stay, look at the failures there."),
    link=PLAN,
    labels=GONE_LABELS,
)
def nothing_late(board: Board) -> Finding:
    """Look at every table whose rows end."""
    return _gone(board, rules())


def _gone(board: Board, which: list[Rule], **facts: Any) -> Finding:
    holds = board.once(in_force)
    counts = [_late(rule, board.at, holds) for rule in which]
    late = {r.label: n for r, (n, _) in zip(which, counts, strict=True) if n}
    never = {r.label: n for r in which if (n := _without_end(r))}
    is_promised = facts.get("period") == facts.get("promised_period")
    return judge(
        not (late or never) and is_promised,
        tables=[rule.label for rule in which],
        late=late,
        never=never,
        longest_overdue_at=min((at for _, at in counts if at), default=None),
        **facts,
    )


def _register_promised(clause: str, category: Category, period: str) -> None:
    def gone(board: Board) -> Finding:
        found = [r for r in rules() if r.entry.map.category == category]
        periods = {rule.ends.period for rule in found}
        facts = {
            "period": periods.pop() if len(periods) == 1 else "",
            "promised_period": period,
        }
        return _gone(board, found, **facts)

    def unseen(board: Board) -> Finding:
        return _unseen(
            board, [e for e in due_tables(graph()) if e.map.category == category]
        )

    live_check(
        f"{category}_gone",
        clause,
        promise=_(
            "The period is the one of the notice, and nothing is in the tables an hour after it, unless a hold keeps it."
        ),
        remedy=_(
            "Sweep on the retention page; if the period differs, correct the data map or the notice."
        ),
        link=PLAN,
        labels=GONE_LABELS,
    )(gone)
    live_check(
        f"{category}_unseen",
        clause,
        promise=_(
            "From the instant the period is over no screen, list or API shows it."
        ),
        remedy=_(
            "Run manage.py migrate, which sets the row security anew, and find out who changed it."
        ),
        link=PLAN,
        labels={
            "tried": _("Ended rows that were tried to be seen"),
            "seen": _("Of these seen"),
            "policies": _("Tables whose row security differs"),
        },
    )(unseen)


def _unseen(board: Board, entries: list[Entry]) -> Finding:
    policies = sorted(
        {e.model._meta.db_table for e in entries} - _as_they_should_be(entries)
    )
    tried, seen = 0, 0
    for entry in entries:
        if isinstance(entry.map.retention, Ends):
            keys = _due_keys(entry, board.at)
            tried += len(keys)
            with as_the_web():
                seen += _seen(entry.model, str(entry.model._meta.pk.column), keys)
    return judge(not seen and not policies, tried=tried, seen=seen, policies=policies)


def _seen(model: type[models.Model], column: str, keys: list[Any]) -> int:
    """Count rows, and those of their parts, that the role of the screens can read."""
    if not keys:
        return 0
    meta = model._meta
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT count(*) FROM "{meta.db_table}" WHERE "{column}" = ANY(%s)', [keys]
        )
        count = int(cursor.fetchone()[0])
    if column != meta.pk.column:
        return count
    return count + sum(_seen(part, link, keys) for part, link in parts_of(model))


def _due_keys(entry: Entry, at: datetime) -> list[Any]:
    key = entry.model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "{key}" FROM "{entry.model._meta.db_table}"'
            f" WHERE ends_at <= %s ORDER BY ends_at LIMIT {PROBED}",
            [at],
        )
        return [row[0] for row in cursor.fetchall()]


def _as_they_should_be(entries: list[Entry]) -> set[str]:
    """Return the tables that one policy opens, ours: it asks for the due instant or the whole.

    Restrictive policies (of scopes, of whereabouts) can only hide more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
            WHERE c.relrowsecurity AND p.polpermissive AND c.relname = ANY(%s)
            GROUP BY c.relname
            HAVING count(*) = 1 AND bool_and(p.polname = 'seloste_due' AND (
                pg_get_expr(p.polqual, p.polrelid) ~ 'seloste_now'
                OR pg_get_expr(p.polqual, p.polrelid) ~ 'EXISTS'))
            """,
            [[entry.model._meta.db_table for entry in entries]],
        )
        return {row[0] for row in cursor.fetchall()}


def _late(rule: Rule, at: datetime, holds: HoldsInForce) -> tuple[int, datetime | None]:
    """Count what should be gone, up to ``COUNTED_UP_TO``, and tell the oldest due instant."""
    free = rule.not_held(holds)
    limit = ends_at_sql(Period.parse(rule.ends.lag), "t.ends_at")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), min(ends_at) FROM (SELECT t.ends_at FROM {rule.table} t"
            f" WHERE t.ends_at <= %s AND {limit} < %s AND {free.text}"
            f" ORDER BY t.ends_at LIMIT {COUNTED_UP_TO}) late",
            [at, at, *free.params],
        )
        count, oldest = cursor.fetchone()
    return count, oldest


def _without_end(rule: Rule) -> int:
    """Count rows that would never end."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {rule.table} t"
            f" WHERE t.ends_at IS NULL LIMIT {COUNTED_UP_TO}) never"
        )
        return int(cursor.fetchone()[0])


@live_check(
    "due_instants_right",
    "N7.1",
    "N7.2",
    "N7.3",
    promise=_("The stored due instants are those that the rules give."),
    remedy=_("Run manage.py migrate, and find out who changed due instants by hand."),
    link=PLAN,
    labels={
        "recomputed": _("Due instants computed again"),
        "wrong": _("Stored otherwise"),
    },
)
def due_instants_right(board: Board) -> Finding:
    """Compute anew the first rows of each table, and those that are to stay longest."""
    recomputed, wrong = 0, {}
    for rule in rules():
        count, differ = _recompute(rule)
        recomputed += count
        if differ:
            wrong[rule.label] = differ
    return judge(not wrong, recomputed=recomputed, wrong=wrong)


def _recompute(rule: Rule) -> tuple[int, int]:
    meta = rule.entry.model._meta
    names = [name for name in (rule.ends.anchor, rule.ends.fallback) if name]
    anchor = ", ".join(f't."{meta.get_field(name).column}"' for name in names)  # type: ignore[union-attr]
    expected = ends_at_sql(Period.parse(rule.ends.period), f"COALESCE({anchor})")
    rows = f"SELECT {rule.key}, t.ends_at, {anchor} FROM {rule.table} t"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), count(*) FILTER (WHERE t.ends_at IS DISTINCT FROM {expected})"
            f" FROM (({rows} ORDER BY {rule.key} LIMIT {RECOMPUTED})"
            f" UNION ({rows} ORDER BY t.ends_at DESC LIMIT {RECOMPUTED})) t"
        )
        count, differ = cursor.fetchone()
    return count, differ


@live_check(
    "sweeps_run",
    "N7.1",
    "N7.2",
    "N7.3",
    promise=_("What is due is swept at least every hour."),
    remedy=_("See that the worker and the scheduler are running."),
    link="admin:retention_run_changelist",
    labels={"nothing_left": _("Nothing due was left after it")},
)
def sweeps_run(board: Board) -> Finding:
    """Look when the last sweep began."""
    last = Run.objects.aggregate(last=Max("started_at"))["last"]
    finished = Run.objects.filter(finished_at__isnull=False).first()
    is_fresh = last is not None and last > board.at - SWEPT_WITHIN
    return judge(
        is_fresh or (last is None and is_new(board)),
        last_run_at=last,
        nothing_left=finished.is_complete if finished else None,
    )


for _clause, (_category, _period) in PROMISED.items():
    _register_promised(_clause, _category, _period)

not_built(
    "reviews_done",
    "N7.1",
    what=_(
        "What has no fixed end is listed for review on the retention page; noting that a review was done is not built yet."
    ),
)
