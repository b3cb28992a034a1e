"""One run: load, kills, calm, and the look at what is there."""

from __future__ import annotations

import argparse
import functools
import time
from collections import Counter
from typing import Any

from django.db import connection
from django.utils import timezone

from contacts.models import Contact
from register import actors
from register.models import ApiKey, FileRemoval, Job
from register.services import api_keys
from retention.services.plan import plan
from tests.faults.__main__ import in_order, moments, until
from tests.faults.invariants import violations
from tests.faults.product import Product
from tests.faults.senders import Sender
from tests.faults.work import FallingDue, Imports, Timetable, Work, patiently

CALM = 180.0


class Storm:
    """Load on a product whose processes are killed."""

    def __init__(self, product: Product, options: argparse.Namespace) -> None:
        self.product, self.options = product, options
        self.kills: Counter[str] = Counter()
        self.recoveries: list[float] = []
        self.wrong: list[str] = []
        from tests.conftest import make_user

        _key, secret = api_keys.create(
            name="Sender",
            scopes=list(ApiKey.Scope.values),
            actor=actors.system("access_control"),
        )
        contact = Contact.objects.create(first_name="Due", source="staff")
        self.senders = [
            Sender(number, product.port, secret, options.seed)
            for number in range(options.senders)
        ]
        self.imports = Imports(make_user("importer", "marketing"), options.rows)
        self.falling_due = FallingDue(contact)
        self.timetable = Timetable()
        connection.close()

    def run(self) -> dict[str, Any]:
        """Return the report; ``violations`` is empty if all is well."""
        began = time.monotonic()
        self.product.start()
        first = self.product.wait_until_well(CALM)
        busy: list[Sender | Work] = [*self.senders, self.imports, self.falling_due]
        for thread in [*busy, self.timetable]:
            thread.start()
        for pause, target in moments(self.options):
            is_over = time.monotonic() - began > first + self.options.minutes * 60
            if is_over and not self.options.each_once:
                break
            time.sleep(pause)
            self._kill(target)
        for thread in busy:
            thread.stop()
        calm = time.monotonic()
        for thread in busy:
            thread.join(CALM)
            if thread.is_alive():
                self.wrong.append(f"{thread.name} did not come to an end")
        self._calm_down()
        self.timetable.stop()
        self.timetable.join(CALM)
        found = self._violations()
        status = self.product.stop()
        if status:
            self.wrong.append(f"serve ended with status {status}")
        for thread in busy:
            self.wrong += thread.wrong
        return {
            "seed": self.options.seed,
            "seconds": round(time.monotonic() - began, 1),
            "first_start": round(first, 1),
            "kills": in_order(self.kills),
            "killed_in_all": sum(self.kills.values()),
            "slowest_recovery": round(max(self.recoveries, default=0), 1),
            "calm_after": round(time.monotonic() - calm, 1),
            "confirmed": in_order(
                Counter(each.kind for s in self.senders for each in s.confirmed)
            ),
            "answers": in_order(sum((s.seen for s in self.senders), Counter())),
            "imported_rows": self.imports.rows,
            "due_rows_deleted": self.falling_due.chats + self.falling_due.recordings,
            "violations": self.wrong + found,
        }

    def _kill(self, target: str) -> None:
        if target == "serve":
            serve = self.product.serve
            assert serve is not None
            serve.kill()
            serve.wait()
            killed = 1
            # As the system's own supervisor would; the port is free once web has ended.
            time.sleep(1)
            while self.product.answers("/healthz"):
                time.sleep(0.2)
            self.product.start()
        else:
            # One that is only just being started again is waited for.
            killed = until(functools.partial(self.product.kill, target), 60)
        self.kills[target] += bool(killed)
        # Every other time the next blow comes while this one still hurts.
        if not self.options.each_once and sum(self.kills.values()) % 2:
            try:
                self.recoveries.append(self.product.wait_until_well())
            except TimeoutError as error:
                self.wrong.append(f"after {target}: {error}")

    def _violations(self) -> list[str]:
        """Return what is wrong and stays so: beat goes on, and its work takes locks."""
        found: list[str] = []

        def nothing_is_wrong() -> bool:
            found[:] = violations(self.senders, self.imports, self.falling_due)
            return not found

        until(nothing_is_wrong, 20)
        return found

    def _calm_down(self) -> None:
        """Wait until nothing is left to do."""
        self.product.wait_until_well()
        # Uploads that were cut off are removed after six hours: let those be over.
        patiently(lambda: FileRemoval.objects.update(due_at=timezone.now()))
        time.sleep(2.5)  # the last rows fall due
        if not until(lambda: patiently(self._is_calm), CALM):
            self.wrong.append("work was left")

    def _is_calm(self) -> bool:
        return not (
            Job.objects.filter(state__in=["queued", "running"]).exists()
            or FileRemoval.objects.exists()
            or any(table.due for table in plan().ending)
        )
