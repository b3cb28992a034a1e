"""An export and the erasure of somebody in it, at the same moment, each on its own connection."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from contacts.models import Contact, ExportFile
from contacts.services.exports import contents, making, ordering
from register.datamap.removal import delete_rows
from register.models import FileRemoval, Job
from register.services import jobs
from tests.conftest import make_contact, make_user
from tests.contacts.test_exports import ordered, rows_of
from tests.retention.test_at_once import WAIT, in_thread, until

pytestmark = pytest.mark.django_db(transaction=True)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def erase(contact, locked, go_on):
    """As an erasure does: the person is locked, what there is looked up, and removed."""
    with transaction.atomic():
        Contact.objects.select_for_update().get(pk=contact.pk)
        locked.set()
        assert go_on.wait(WAIT)
        files = ExportFile.objects.filter(export__people__contact=contact)
        seen = files.count()
        delete_rows(Contact, [contact.pk])
    return seen


def test_no_file_keeps_somebody_who_is_erased_while_it_is_made(monkeypatch):
    marketer = make_user("marketer", "marketing")
    anna, bruno, carl = (
        make_contact(first_name=name) for name in ("Anna", "Bruno", "Carl")
    )
    export = ordered(Contact.objects.all(), marketer)
    job = Job.objects.get(kind=ordering.KIND, object_id=str(export.pk))

    # The erasure was first: the export waits for it, and is made anew.
    locked, go_on = threading.Event(), threading.Event()
    erasing = in_thread(erase, anna, locked, go_on)
    assert locked.wait(WAIT)
    making_it = in_thread(jobs.run, job.pk)
    until(somebody_waits)
    assert not ExportFile.objects.exists()
    go_on.set()
    assert erasing.result(WAIT) == 0
    making_it.result(WAIT)
    export.refresh_from_db()
    assert export.state == "ready"
    # Keys of one millisecond have no order among themselves.
    assert sorted(row[0] for row in rows_of(export)[1:]) == ["Bruno", "Carl"]
    assert export.person_count == 2
    # What was written first is ordered to be removed, or is removed already.
    kept = ExportFile.objects.get().file.name
    assert not FileRemoval.objects.filter(path=kept).exists()

    # The export was first: the erasure waits for it, and finds its file.
    second = ordered(Contact.objects.all(), marketer)
    job = Job.objects.get(kind=ordering.KIND, object_id=str(second.pk))
    real = contents.counts
    holding, finish = threading.Event(), threading.Event()

    def counts(export):
        found = real(export)
        if threading.current_thread() is not threading.main_thread():
            if counts.calls:
                holding.set()
                assert finish.wait(WAIT)
            counts.calls += 1
        return found

    counts.calls = 0
    monkeypatch.setattr(making.contents, "counts", counts)
    making_it = in_thread(jobs.run, job.pk)
    assert holding.wait(WAIT)
    locked, go_on = threading.Event(), threading.Event()
    go_on.set()
    erasing = in_thread(erase, bruno, locked, go_on)
    until(somebody_waits)
    assert not locked.is_set()
    finish.set()
    making_it.result(WAIT)
    assert erasing.result(WAIT) == 2
    assert carl.pk
