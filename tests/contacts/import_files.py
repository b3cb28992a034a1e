"""Files as other systems export them, made for the tests."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date

from django.conf import settings

from contacts.models import ImportBatch
from contacts.services.imports import batches, preview, reading
from contacts.services.imports.layouts import Choice, Layout
from register import actors, files
from register.models import Job
from register.services import jobs

HUBSPOT = [
    "Record ID",
    "First Name",
    "Last Name",
    "Email",
    "Phone Number",
    "Mobile Phone Number",
    "Job Title",
    "Company Name",
    "City",
    "Lifecycle Stage",
    "Unsubscribed from all email",
]


# Whence and by what right: no file is imported without.
TERMS = {
    "source_kind": "event",
    "activity": "customer_relationship",
    "collected_on": date(2026, 1, 2),
}


def hubspot(*rows: dict[str, str]) -> bytes:
    """A file with a byte order mark and the columns of that product."""
    return as_csv(HUBSPOT, [[row.get(name, "") for name in HUBSPOT] for row in rows])


def as_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines).writerows([header, *rows])
    return ("\ufeff" + lines.getvalue()).encode()


def person(number: int, **cells: str) -> dict[str, str]:
    """One invented person; cells by the first word of the column, in small letters."""
    names = {name.split()[0].lower(): name for name in reversed(HUBSPOT)}
    given = {
        "First Name": "Maija",
        "Last Name": f"Testi{number}",
        "Email": f"maija.testi{number}@yritys{number % 3}.example",
        "Phone Number": f"040 {1000000 + number}",
        "Company Name": f"Yritys{number % 3} Oy",
    }
    return {**given, **{names[name]: value for name, value in cells.items()}}


def upload(
    content: bytes,
    *,
    user,
    title: str = "Fair in Tampere",
    choice: Choice | None = None,
    **terms,
) -> ImportBatch:
    """Send a file and have it looked at."""
    seen = preview.of_file(reading.examine(lambda: io.BytesIO(content), choice))
    received = files.receive(
        [content],
        path=batches.path_of_new_file(),
        max_bytes=settings.IMPORT_MAX_BYTES,
    )
    return batches.upload(
        received,
        title=title,
        layout=seen.layout,
        targets=seen.targets,
        actor=actors.of_user(user),
        terms={**TERMS, **terms},
    )


def try_out(batch: ImportBatch, *, user, targets: list[str] | None = None):
    chosen = batch.targets if targets is None else targets
    batches.try_out(batch, targets=chosen, actor=actors.of_user(user))
    return work_off(batch)


def run(batch: ImportBatch, *, user) -> dict[str, int]:
    batches.start(batch, actor=actors.of_user(user))
    return work_off(batch)


def imported(content: bytes, *, user, targets: list[str] | None = None, **terms):
    """Take a file through all steps; return the batch and what became of its rows."""
    batch = upload(content, user=user, **terms)
    try_out(batch, user=user, targets=targets)
    return batch, run(batch, user=user)


def work_off(batch: ImportBatch) -> dict[str, int]:
    """Do what a worker does for the newest job of a batch."""
    job = batches.job_of(batch)
    assert job is not None
    done = jobs.run(job.pk)
    assert done is not None
    assert done.state == Job.State.DONE, done.error_code
    batch.refresh_from_db()
    counts: dict[str, int] = done.result.get("counts", {})
    return counts


def layout_of(content: bytes, **choice) -> Layout:
    """How a file is read with what is chosen."""
    return reading.examine(lambda: io.BytesIO(content), Choice(**choice)).layout
