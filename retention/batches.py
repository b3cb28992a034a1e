"""Deleting due rows of one table in bounded batches, each one transaction.

A batch keeps new holds waiting, claims rows that are due, not held and claimed by
nobody else, deletes them with their parts, orders their files to be removed, and
writes the ledger and the audit entry. Whatever is killed at whatever
moment: a row is either still there or in the ledger, and its file has a row or an
order.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import Counter
from datetime import datetime
from typing import Any

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import F

from register import audit
from register.actors import Actor
from register.datamap.removal import delete_rows
from retention.due import Rule
from retention.held import Sql, in_force
from retention.models import Batch, Run

logger = logging.getLogger(__name__)

# What others may keep locked before a batch gives up and is tried again.
LOCK_TIMEOUT = "5s"
ATTEMPTS = 3
# Rows that may fail in one walk before the rest is left to the next one.
MAX_FAILURES = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """Rows locked for deletion, in the order they fell due."""

    keys: list[Any]
    first_due_at: datetime
    last_due_at: datetime


class Walk:
    """Goes through the due rows of one table once, oldest first.

    It never looks back: a row that is locked or fails is met again by the next walk
    only, and index entries of what is deleted already are not read again.
    """

    def __init__(self, rule: Rule, *, run: Run, at: datetime, actor: Actor) -> None:
        self.failures: Counter[str] = Counter()
        self._rule, self._run, self._at, self._actor = rule, run, at, actor
        self._after: tuple[datetime, Any] | None = None

    def next_batch(self, size: int) -> tuple[int, bool]:
        """Delete what is free among ``size`` rows; return how many, and whether to go on."""
        try:
            looked_at, deleted = self._end(size)
        except Exception as error:  # noqa: BLE001 - and it is logged
            # Whatever is wrong with this table, the others must not wait for it.
            self._note(error, exc_info=True)
            return 0, False
        return deleted, looked_at == size and not self._has_failed_enough()

    def _end(self, size: int) -> tuple[int, int]:
        """Delete in one transaction, or by halves if a row in it cannot be deleted."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._transact(size)
            except OperationalError:
                # A lock that somebody keeps, or a deadlock: no row is to blame.
                if attempt == ATTEMPTS:
                    raise
                time.sleep(0.1 * attempt)
            except DatabaseError as error:
                if size == 1:
                    self._step_over(error)
                    return 1, 0
                break
        first = size // 2
        looked_at, deleted = self._end(first)
        if looked_at == first and not self._has_failed_enough():
            more_looked_at, more_deleted = self._end(size - first)
            looked_at, deleted = looked_at + more_looked_at, deleted + more_deleted
        return looked_at, deleted

    def _transact(self, size: int) -> tuple[int, int]:
        """Look at the next ``size`` rows and delete those that are free, in one transaction."""
        deleted = 0
        with transaction.atomic():
            _keep_new_holds_waiting()
            looked_at = self._look(size)
            if looked_at is None:
                return 0, 0
            claimed = self._claim(looked_at)
            if claimed is not None:
                deleted = self._delete(claimed)
        self._after = looked_at.last_due_at, looked_at.keys[-1]
        return len(looked_at.keys), deleted

    def _look(self, size: int) -> Claim | None:
        rule, after, after_params = self._rule, "", list[Any]()
        if self._after is not None:
            # The first half is for the index, the second for equal instants.
            after = f"AND t.ends_at >= %s AND (t.ends_at, {rule.key}) > (%s, %s)"
            after_params = [self._after[0], *self._after]
        return _as_claim(
            Sql(
                f"SELECT {rule.key} AS key, t.ends_at FROM {rule.table} t"
                f" WHERE t.ends_at <= %s {after}"
                f" ORDER BY t.ends_at, {rule.key} LIMIT %s",
                (self._at, *after_params, size),
            )
        )

    def _claim(self, looked_at: Claim) -> Claim | None:
        """Lock what is due, not held, and not locked by anybody else."""
        holds = in_force()
        # Held rows are not even locked: there may be many of them, in every run.
        held = self._rule.held_among(looked_at.keys, holds)
        claimed = self._lock([key for key in looked_at.keys if key not in held])
        if claimed is None or not holds:
            return claimed
        # Before the lock, somebody who is held may have come into a conversation.
        held = self._rule.held_among(claimed.keys, holds)
        if not held:
            return claimed
        return self._lock([key for key in claimed.keys if key not in held])

    def _lock(self, keys: list[Any]) -> Claim | None:
        rule = self._rule
        return _as_claim(
            Sql(
                f"SELECT {rule.key} AS key, t.ends_at FROM {rule.table} t"
                f" WHERE {rule.key} = ANY(%s) AND t.ends_at <= %s"
                " FOR UPDATE SKIP LOCKED",
                (keys, self._at),
            )
        )

    def _delete(self, claim: Claim) -> int:
        rule = self._rule
        counts = delete_rows(rule.entry.model, claim.keys)
        rows = counts[rule.label]
        files = counts.pop("files", 0)
        Batch.objects.create(
            run=self._run,
            table=rule.label,
            rule=rule.ends.rule,
            period=rule.ends.period,
            rows=rows,
            parts={
                label: count
                for label, count in counts.items()
                if count and label != rule.label
            },
            files=files,
            first_due_at=claim.first_due_at,
            last_due_at=claim.last_due_at,
        )
        Run.objects.filter(pk=self._run.pk).update(deleted=F("deleted") + rows)
        audit.record(
            "retention.deleted",
            actor=self._actor,
            obj=self._run,
            rule=rule.ends.rule,
            counts={label: count for label, count in counts.items() if count},
        )
        return rows

    def _step_over(self, error: Exception) -> None:
        """Leave the row that failed behind, so that the walk goes on after it."""
        self._note(error)
        row = self._look(1)
        if row is not None:
            self._after = row.last_due_at, row.keys[-1]

    def _note(self, error: Exception, *, exc_info: bool = False) -> None:
        name = type(error).__name__
        self.failures[name] += 1
        # Of a refused row the class alone: the database quotes values in its messages.
        logger.error(
            "retention failed",
            exc_info=exc_info,
            extra={"run": str(self._run.pk), "kind": f"{self._rule.ends.rule} {name}"},
        )

    def _has_failed_enough(self) -> bool:
        return self.failures.total() >= MAX_FAILURES


def _keep_new_holds_waiting() -> None:
    """Let nobody write a hold until the transaction ends.

    A hold that commits before is seen by the batch; one that comes later waits and
    then finds what is gone to be gone. The lock binds whatever code writes holds, and
    two batches at once do not disturb each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';"
            # Starting helpers costs more than the small questions asked here.
            " SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off;"
            " LOCK TABLE register_hold IN SHARE MODE"
        )


def _as_claim(due: Sql) -> Claim | None:
    """Run a query for keys and due instants; None if it finds nothing."""
    with connection.cursor() as cursor:
        # One row with an array: reading 5,000 rows one by one takes 25 ms.
        cursor.execute(
            "SELECT array_agg(key ORDER BY ends_at, key), min(ends_at), max(ends_at)"
            f" FROM ({due.text}) due",
            due.params,
        )
        keys, first, last = cursor.fetchone()
    return Claim(keys, first, last) if keys else None
