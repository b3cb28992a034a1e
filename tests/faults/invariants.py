"""What must be true in the end, whatever was killed at whatever moment."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording
from consent.models import Prohibition
from contacts.models import (
    Affiliation,
    Contact,
    ContactPoint,
    ImportBatch,
    ImportFile,
    ImportRow,
)
from register import audit
from register.models import AuditEntry, FileRemoval, IdempotencyKey, Job
from retention.models import Batch, Run
from retention.services.plan import plan
from tests.faults.senders import Confirmed, Sender
from tests.faults.work import COMPANIES, FallingDue, Imports


def violations(
    senders: list[Sender], imports: Imports, falling_due: FallingDue
) -> Iterator[str]:
    """Yield everything that is lost, doubled, half there or stuck."""
    confirmed = [each for sender in senders for each in sender.confirmed]
    yield from _sent(confirmed)
    yield from _imported(imports)
    yield from _deleted(falling_due)
    yield from _files()
    yield from _audited(confirmed, imports)
    yield from _idle()


def _differs(what: str, found: object, expected: object) -> Iterator[str]:
    if found != expected:
        yield f"{what}: {found} instead of {expected}"


def _sent(confirmed: list[Confirmed]) -> Iterator[str]:
    """Every confirmed write is there once, and nothing that was not confirmed."""
    kinds: dict[str, dict[str, Confirmed]] = {"chat": {}, "call": {}, "recording": {}}
    for each in confirmed:
        kinds[each.kind][each.marker] = each
    lines = ChatLine.objects.filter(text__startswith="Hei ")
    chats = [(text[4:], chat) for text, chat in lines.values_list("text", "chat_id")]
    yield from _differs(
        "chats sent",
        sorted(chats),
        sorted((each.marker, each.id) for each in kinds["chat"].values()),
    )
    calls = Call.objects.exclude(external_id__startswith="r")
    yield from _differs(
        "calls sent",
        sorted(calls.values_list("external_id", "pk")),
        sorted((each.marker, each.id) for each in kinds["call"].values()),
    )
    recordings = Recording.objects.exclude(call__external_id__startswith="r")
    yield from _differs(
        "recordings sent",
        sorted(recordings.values_list("call__external_id", "pk", "sha256")),
        sorted((e.marker, e.id, e.sha256) for e in kinds["recording"].values()),
    )
    yield from _differs("keys", IdempotencyKey.objects.count(), len(confirmed))
    contacts = ContactPoint.objects.filter(value__endswith="@sender.example")
    yield from _differs("contacts sent", contacts.count(), len(kinds["chat"]))


def _imported(imports: Imports) -> Iterator[str]:
    people = Contact.objects.filter(source="import")
    points = ContactPoint.objects.filter(contact__in=people)
    yield from _differs("people imported", people.count(), imports.rows)
    emails = points.filter(kind="email")
    yield from _differs("their addresses", emails.count(), imports.rows)
    names = people.values("last_name").distinct().count()
    yield from _differs("their names", names, imports.rows)
    roles = Affiliation.objects.filter(contact__in=people)
    yield from _differs("their roles", roles.count(), imports.rows)
    companies = roles.values("company").distinct().count()
    yield from _differs("companies", companies, COMPANIES if imports.rows else 0)
    refusals = Prohibition.objects.count()
    yield from _differs("prohibitions", refusals, imports.rows // 10)
    rows = Counter(ImportRow.objects.values_list("outcome", "is_written"))
    expected = {("new", True): imports.rows} if imports.rows else {}
    yield from _differs("rows of files", rows, expected)
    states = Counter(ImportBatch.objects.values_list("state", flat=True))
    yield from _differs(
        "files", states, {"done": imports.files} if imports.files else {}
    )


def _deleted(due: FallingDue) -> Iterator[str]:
    """Each due row is gone and stands in the ledger once; the audit trail agrees."""
    yield from _differs("due", [table.due for table in plan().ending if table.due], [])
    ledger: Counter[str] = Counter()
    for batch in Batch.objects.all():
        ledger[batch.table] += batch.rows
        ledger.update(batch.parts)
    expected = {
        Chat._meta.label: due.chats,
        ChatParticipant._meta.label: due.chats,
        ChatLine._meta.label: due.chats,
        Recording._meta.label: due.recordings,
    }
    yield from _differs("the ledger", ledger, expected)
    trail: Counter[str] = Counter()
    for entry in AuditEntry.objects.filter(action="retention.deleted"):
        trail.update({k: v for k, v in entry.details["counts"].items() if k != "files"})
    yield from _differs("the trail of deletions", trail, ledger)
    runs = sum(Run.objects.values_list("deleted", flat=True))
    rows = sum(Batch.objects.values_list("rows", flat=True))
    yield from _differs("rows told by the runs", runs, rows)
    yield from _differs(
        "runs left open", Run.objects.filter(finished_at=None).count(), 0
    )
    calls = Call.objects.filter(external_id__startswith="r").count()
    yield from _differs("calls whose recording ended", calls, due.recordings)


def _files() -> Iterator[str]:
    """Every row has its file, whole, and no file is left without a row."""
    store = Path(settings.MEDIA_ROOT)
    on_disk = {
        str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()
    }
    known = dict(Recording.objects.values_list("file", "sha256"))
    originals = ImportFile.objects.exclude(file="")
    known |= dict(originals.values_list("file", "batch__sha256"))
    yield from _differs("files without a row", on_disk - known.keys(), set())
    yield from _differs("rows without a file", known.keys() - on_disk, set())
    for path, sha256 in known.items():
        if path in on_disk:
            found = hashlib.sha256((store / path).read_bytes()).hexdigest()
            yield from _differs(f"content of {path}", found, sha256)
    yield from _differs("files to remove", FileRemoval.objects.count(), 0)


def _audited(confirmed: list[Confirmed], imports: Imports) -> Iterator[str]:
    kinds = Counter(each.kind for each in confirmed)
    expected: dict[str, Any] = {
        "chat.recorded": kinds["chat"],
        "call.recorded": kinds["call"],
        "recording.stored": kinds["recording"],
        "contact.imported": imports.rows,
        "import.uploaded": imports.files,
        "import.run": imports.files,
    }
    for action, count in expected.items():
        found = AuditEntry.objects.filter(action=action).count()
        yield from _differs(f"entries {action}", found, count)
    yield from (f"audit trail: {problem}" for problem in audit.verify())


def _idle() -> Iterator[str]:
    """No job waits, runs or was given up, and nobody holds a lock."""
    states = Counter(Job.objects.values_list("state", flat=True))
    yield from _differs("jobs", +states - Counter(done=states["done"]), Counter())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        yield from _differs("locks held", cursor.fetchone()[0], 0)
