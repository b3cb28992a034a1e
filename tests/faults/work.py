"""Work inside the product: imports, and rows that fall due while all is being killed.

It is ordered as the screens do, over a database that goes away again and again: every
step looks first whether it was done.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording
from contacts.models import Contact, ImportBatch
from contacts.services.imports import batches
from register import actors
from register.errors import DomainError
from register.models import User
from settings.celery import app
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person

Result = TypeVar("Result")
COMPANIES = 3  # of import_files.person


def patiently(ask: Callable[[], Result]) -> Result:
    """Ask until the database answers."""
    while True:
        try:
            return ask()
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.1)


class Work(threading.Thread):
    """Does something again and again until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.over = threading.Event()
        self.wrong: list[str] = []

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self.step()
        finally:
            connection.close()

    def step(self) -> None:
        """Do a little."""
        raise NotImplementedError

    def stop(self) -> None:
        """Finish what is begun."""
        self.over.set()


class Imports(Work):
    """One file of people after another, each through all steps."""

    def __init__(self, user: User, rows: int) -> None:
        super().__init__()
        self.user, self.rows_of_one, self.files = user, rows, 0

    @property
    def rows(self) -> int:
        return self.files * self.rows_of_one

    def step(self) -> None:
        title, first = f"file {self.files}", self.rows
        content = hubspot(
            *(
                person(number, unsubscribed="" if number % 10 else "true")
                for number in range(first, first + self.rows_of_one)
            )
        )
        while True:
            batch = patiently(ImportBatch.objects.filter(title=title).first)
            if batch is None:
                patiently(lambda: self._upload(title, content))
            elif batch.state == batches.State.DONE:
                break
            elif not patiently(lambda batch=batch: self._further(batch)):  # type: ignore[misc]
                return
            time.sleep(0.05)
        self.files += 1

    def _upload(self, title: str, content: bytes) -> None:
        if ImportBatch.objects.filter(title=title).exists():
            return
        import_files.upload(content, user=self.user, title=title)

    def _further(self, batch: ImportBatch) -> bool:
        job = batches.job_of(batch)
        if job is not None and not job.is_over:
            return True
        if job is not None and job.state == job.State.FAILED:
            self.wrong.append(f"{batch.title}: {job.kind} failed: {job.error_code}")
            self.stop()
            return False
        batch.refresh_from_db()
        actor = actors.of_user(self.user)
        with contextlib.suppress(DomainError):  # it went on meanwhile
            if batch.state in (batches.State.UPLOADED, batches.State.STAGED):
                batches.try_out(batch, targets=batch.targets, actor=actor)
            elif batch.state == batches.State.CHECKED:
                batches.start(batch, actor=actor)
        return True


class FallingDue(Work):
    """Conversations that end their period within seconds, some with a file."""

    def __init__(self, contact: Contact) -> None:
        super().__init__()
        self.contact, self.chats, self.recordings = contact, 0, 0

    def run(self) -> None:
        # What was planted is known even where its confirmation was lost; beside the
        # product's own tables, which would miss a declaration of this one.
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA faults CREATE TABLE planted (number text)")
        super().run()

    def step(self) -> None:
        number = uuid.uuid4().hex[:29]
        patiently(lambda: self._chat(number))
        self.chats += 1
        patiently(lambda: self._recording(number))
        self.recordings += 1
        time.sleep(0.03)

    def _chat(self, number: str) -> None:
        if self._was_planted(number):
            return
        ended = _ends_soon(months=3)
        with transaction.atomic():
            chat = Chat.objects.create(
                external_id=number, started_at=ended, ended_at=ended
            )
            who = ChatParticipant.objects.create(chat=chat, contact=self.contact)
            ChatLine.objects.create(chat=chat, participant=who, text="Hei")
            self._plant(number)

    def _recording(self, number: str) -> None:
        if self._was_planted(f"r{number}"):
            return
        name = f"recordings/{number}"
        path = Path(settings.MEDIA_ROOT) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
        ended = _ends_soon(months=7)
        with transaction.atomic():
            call = Call.objects.create(
                external_id=f"r{number}",
                contact=self.contact,
                direction="inbound",
                started_at=ended,
                ended_at=ended,
            )
            Recording.objects.create(
                call=call,
                file=name,
                content_type="audio/wav",
                size=4,
                sha256="0" * 64,
                call_ended_at=ended,
            )
            self._plant(f"r{number}")

    def _plant(self, number: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO faults.planted VALUES (%s)", [number])

    def _was_planted(self, number: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM faults.planted WHERE number = %s", [number])
            return cursor.fetchone() is not None


class Timetable(Work):
    """Asks for the scheduled work more often than beat does."""

    TASKS = (
        "retention.tasks.sweep_due_rows",
        "register.tasks.seal_audit_trail",
        "register.tasks.sweep_file_removals",
        "register.tasks.sweep_jobs",
    )

    def step(self) -> None:
        self.ask()
        self.over.wait(1.5)

    def ask(self) -> None:
        """Send one message for each, or lose it."""
        for name in self.TASKS:
            with contextlib.suppress(Exception):
                app.send_task(name, retry=False, expires=10)


def _ends_soon(*, months: int) -> datetime:
    local = timezone.localtime() + timedelta(seconds=2)
    return local - relativedelta(months=months)
