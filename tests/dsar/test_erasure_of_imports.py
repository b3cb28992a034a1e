"""A list is sent in, and somebody who is in it is erased before the list is imported."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage

from contacts.models import Contact, ImportFile
from contacts.services.imports import staging
from dsar.models import Request
from dsar.services import verification
from dsar.services.erasure import execute
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, Hold, Job
from register.services import holds, jobs
from tests.architecture.canary import dumps
from tests.contacts.import_files import as_csv, run, try_out, upload
from tests.contacts.workbook_files import xlsx
from tests.dsar.erasure_factory import approved, erase, erasure_request

pytestmark = pytest.mark.django_db

ADDRESS = "anna.virtanen@esimerkki.example"
HEADER = ["First Name", "Last Name", "Email"]
ROWS = [
    ["Anna", "Virtanen", ADDRESS.title()],
    ["Maija", "Testi", "maija.testi@yritys.example"],
]
FILES = {"csv": as_csv(HEADER, ROWS), "xlsx": xlsx([HEADER, *ROWS])}


@pytest.fixture
def erase_anna(anna, officer, second_officer, django_capture_on_commit_callbacks):
    def run_erasure():
        request = erasure_request(anna, officer, email=ADDRESS)
        with django_capture_on_commit_callbacks(execute=True):
            job = erase(request, officer, second_officer)
        assert (job.state, job.error_code) == ("done", "")
        return request

    return run_erasure


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_was_not_read_yet_goes(kind, anna, marketer, erase_anna):
    batch = upload(FILES[kind], user=marketer)
    path = ImportFile.objects.get().file.name

    request = erase_anna()

    assert request.outcome == Request.Outcome.ERASED, request.plan.left_over
    assert not default_storage.exists(path)
    assert ImportFile.objects.get().file.name == ""
    assert request.plan.files_removed == 1
    assert AuditEntry.objects.filter(action="erasure.files_removed").count() == 1
    # What is left of the import cannot bring the person back.
    with pytest.raises(DomainError, match="deleted meanwhile"):
        try_out(batch, user=marketer)
    assert not Contact.objects.filter(last_name="Virtanen").exists()
    assert dumps.places_in(dumps.copied(), {ADDRESS}) == {}


def test_a_file_of_others_stays(anna, marketer, erase_anna):
    upload(as_csv(HEADER, ROWS[1:]), user=marketer)

    request = erase_anna()

    assert request.outcome == Request.Outcome.ERASED
    assert default_storage.exists(ImportFile.objects.get().file.name)
    assert not AuditEntry.objects.filter(action="erasure.files_removed").exists()


def test_rows_that_were_read_but_not_tried_lose_the_person_and_the_file_goes(
    anna, marketer, erase_anna
):
    batch = upload(FILES["csv"], user=marketer)
    order = Job.objects.create(kind="contacts.check_import", object_id=str(batch.pk))
    assert staging.stage(batch, jobs.Progress(order))
    Job.objects.filter(pk=order.pk).delete()
    path = ImportFile.objects.get().file.name

    request = erase_anna()

    assert request.outcome == Request.Outcome.ERASED, request.plan.left_over
    assert not default_storage.exists(path)
    try_out(batch, user=marketer)
    run(batch, user=marketer)
    assert list(Contact.objects.values_list("last_name", flat=True)) == ["Testi"]
    assert dumps.places_in(dumps.copied(), {ADDRESS}) == {}


def test_a_file_that_a_claim_holds_stays_and_is_left_to_be_judged(
    anna, marketer, officer, erase_anna
):
    upload(FILES["csv"], user=marketer)
    original = ImportFile.objects.get()
    holds.place(
        reason=Hold.Reason.AUTHORITY, obj=original.batch, actor=actors.of_user(officer)
    )

    request = erase_anna()

    assert request.state == Request.State.EXECUTING
    assert request.plan.left_over == {"files/imports": 1}
    assert default_storage.exists(original.file.name)
    assert ImportFile.objects.get().file.name == original.file.name


def test_no_file_goes_without_its_record(
    anna, marketer, officer, second_officer, monkeypatch
):
    upload(FILES["csv"], user=marketer)
    path = ImportFile.objects.get().file.name
    request = erasure_request(anna, officer, email=ADDRESS)
    job = approved(request, officer, second_officer)
    execute(request)

    def killed(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dsar.services.requests.record", killed)
        with pytest.raises(KeyboardInterrupt):
            verification.verify(request)

    assert ImportFile.objects.get().file.name == path
    assert default_storage.exists(path)
    jobs.run(job.pk)
    request.refresh_from_db()
    assert request.outcome == Request.Outcome.ERASED
    assert request.plan.files_removed == 1
    assert AuditEntry.objects.filter(action="erasure.files_removed").count() == 1
