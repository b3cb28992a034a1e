"""Imports at the same time as each other, as people at a form, and as an erasure.

Everything happens on real connections. Where the order matters, the one that comes
second is seen to wait in the database before the first one ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    ContactWord,
    ImportBatch,
    ImportRow,
)
from contacts.models.people import Source
from contacts.services import people, search_words
from contacts.services.imports import batches, runs
from register import actors
from register.models import AuditEntry, Job
from register.services import jobs
from tests.contacts import import_files
from tests.contacts.import_files import HUBSPOT, hubspot, person
from tests.contacts.test_companies import form_data as company_data
from tests.contacts.test_contact_form import form_data as contact_data

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = 30


class Meanwhile(threading.Thread):
    """Does something on a connection of its own; ``result`` raises what it raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._error: Exception | None = None
        self._result: Any = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._work()
        except Exception as error:  # noqa: BLE001 - told by result()
            self._error = error
        finally:
            connection.close()

    def result(self) -> Any:
        self.join(WAIT)
        assert not self.is_alive()
        if self._error is not None:
            raise self._error
        return self._result


def wait_until_somebody_waits() -> None:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits.")


def started(content: bytes, user) -> Job:
    batch = import_files.upload(content, user=user)
    import_files.try_out(batch, user=user)
    batches.start(batch, actor=actors.of_user(user))
    job = batches.job_of(batch)
    assert job is not None
    return job


def outcomes() -> dict[str, int]:
    job = Job.objects.filter(kind=runs.RUN).latest("created_at")
    assert job.state == Job.State.DONE, job.error_code
    counts: dict[str, int] = job.result["counts"]
    return counts


def test_two_imports_of_the_same_people_at_once_add_everybody_once(
    marketer, monkeypatch
):
    monkeypatch.setattr(runs, "CHUNK", 5)
    rows = [person(number) for number in range(60)]
    both = [
        started(hubspot(*rows), marketer),
        started(hubspot(*reversed(rows)), marketer),
    ]

    finished = [Meanwhile(lambda job=job: jobs.run(job.pk)) for job in both]
    results = [each.result().result["counts"] for each in finished]

    assert Contact.objects.count() == 60
    assert ContactPoint.objects.count() == 120
    assert Company.objects.count() == 3
    assert Affiliation.objects.count() == 60
    words = ContactWord.objects.values_list("contact", "word")
    assert len(set(words)) == len(words)
    assert sum(counts.get("new", 0) for counts in results) == 60
    assert sum(counts.get("unchanged", 0) for counts in results) == 60
    assert AuditEntry.objects.filter(action="contact.imported").count() == 60


def test_somebody_added_by_hand_meanwhile_is_recognised(agent, marketer, client_of):
    job = started(hubspot(person(1)), marketer)
    client = client_of(agent)
    points = [{"kind": "email", "value": "maija.testi1@yritys1.example"}]

    with transaction.atomic():
        response = client.post(
            reverse("admin:contacts_contact_add"),
            contact_data({"points": points}, first_name="Maija", last_name="Testi1"),
        )
        assert response.status_code == 302
        importing = Meanwhile(lambda: jobs.run(job.pk))
        wait_until_somebody_waits()
    importing.result()

    assert outcomes() == {"updated": 1, "refusals": 0}
    contact = Contact.objects.get()
    assert contact.points.count() == 2


def test_somebody_erased_meanwhile_is_not_brought_back_by_the_row_that_names_them(
    agent, marketer
):
    gone, _ = people.find_or_create(
        first_name="Maija",
        last_name="Testi1",
        emails=["maija.testi1@yritys1.example"],
        source=Source.STAFF,
        actor=actors.of_user(agent),
    )
    job = started(hubspot(person(1), person(2)), marketer)

    with transaction.atomic():
        gone.delete()
        importing = Meanwhile(lambda: jobs.run(job.pk))
        wait_until_somebody_waits()
    importing.result()

    assert outcomes() == {"new": 1, "refusals": 0}
    assert Contact.objects.get().last_name == "Testi2"
    assert ImportRow.objects.get().contact == Contact.objects.get()


def test_the_second_of_two_who_add_the_same_business_id_is_told_so(agent, client_of):
    first, second = client_of(agent), client_of(agent)
    data = company_data(business_id="2327327-1")
    add = reverse("admin:contacts_company_add")

    with transaction.atomic():
        assert first.post(add, data).status_code == 302
        adding = Meanwhile(lambda: second.post(add, data | {"name": "Toinen Oy"}))
        wait_until_somebody_waits()
    response = adding.result()

    assert response.status_code == 200
    assert "A company with this business id exists already." in (
        response.content.decode()
    )
    assert Company.objects.get().name == "Uusi Oy"


def test_a_business_id_that_an_import_brings_meanwhile_is_refused_at_the_form(
    agent, marketer, client_of
):
    row = person(1, company="Uusi Oy") | {"Business ID": "2327327-1"}
    header = [*HUBSPOT, "Business ID"]
    content = import_files.as_csv(header, [[row.get(name, "") for name in header]])
    batch = import_files.upload(content, user=marketer)
    import_files.try_out(batch, user=marketer)
    assert "business_id" in batch.targets
    batches.start(batch, actor=actors.of_user(marketer))
    client = client_of(agent)

    with transaction.atomic():
        import_files.work_off(batch)
        data = company_data(business_id="2327327-1")
        adding = Meanwhile(
            lambda: client.post(reverse("admin:contacts_company_add"), data)
        )
        wait_until_somebody_waits()
    response = adding.result()

    assert response.status_code == 200
    assert Company.objects.get().source == Source.IMPORT


def test_an_import_that_the_database_ends_in_a_deadlock_goes_on_later(agent, marketer):
    """It holds Anna and waits for Bruno, whose company gets its business id."""
    anna, _ = people.find_or_create(
        emails=["anna@yritys.example"],
        source=Source.STAFF,
        actor=actors.of_user(agent),
    )
    bruno, _ = people.find_or_create(
        first_name="Bruno", source=Source.STAFF, actor=actors.of_user(agent)
    )
    company = Company.objects.create(name="Yritys Oy", source=Source.STAFF)
    Affiliation.objects.create(contact=bruno, company=company, source=Source.STAFF)
    search_words.refresh_of_companies([company.pk])
    header = ["Email", "Company name", "Business ID"]
    content = import_files.as_csv(
        header, [["anna@yritys.example", "Yritys Oy", "2327327-1"]]
    )
    job = started(content, marketer)

    with transaction.atomic():
        Contact.objects.select_for_update().get(pk=bruno.pk)
        importing = Meanwhile(lambda: jobs.run(job.pk))
        wait_until_somebody_waits()
        # Anna, too: now each waits for the other, and the import has waited longer.
        Contact.objects.select_for_update().get(pk=anna.pk)
    assert importing.result().state == Job.State.QUEUED
    assert not Affiliation.objects.filter(contact=anna).exists()
    jobs.run(job.pk)

    assert outcomes() == {"updated": 1, "refusals": 0}
    company.refresh_from_db()
    assert company.business_id == "2327327-1"
    assert ImportBatch.objects.get().state == ImportBatch.State.DONE
