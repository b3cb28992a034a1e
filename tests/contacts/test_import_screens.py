"""The screens of an import: who may, what is refused with a sentence, what is shown."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from contacts.models import Contact, ImportBatch
from contacts.services.imports import batches
from register.models import AuditEntry, FileRemoval, Job
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person

pytestmark = pytest.mark.django_db
TERMS = {
    "mode": "both",
    "recognised_by": "auto",
    "default_relationship": "prospect",
    "source_kind": "event",
    "activity": "customer_relationship",
    "collected_on": "2026-01-02",
}

UPLOAD = "/admin/contacts/importbatch/upload/"


def send(client, content: bytes, title="Fair in Tampere", **extra):
    file = SimpleUploadedFile("Maijan lista.csv", content, content_type="text/csv")
    return client.post(UPLOAD, {"title": title, "file": file, **extra})


def address(batch, name="change"):
    return reverse(f"admin:contacts_importbatch_{name}", args=[batch.pk])


def targets(batch) -> dict[str, str]:
    return {f"column_{index}": code for index, code in enumerate(batch.targets)}


def text(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def tried(marketer) -> ImportBatch:
    rows = [person(1), person(2, email="puuttuu@"), person(3, phone="+358 40 1")]
    batch = import_files.upload(hubspot(*rows), user=marketer)
    import_files.try_out(batch, user=marketer)
    return batch


def test_the_whole_way_in_a_browser(marketer, client_of):
    client = client_of(marketer)

    response = send(client, hubspot(person(1), person(2, email="puuttuu@")))
    batch = ImportBatch.objects.get()
    assert response.url == address(batch)
    columns = text(client.get(address(batch)))
    assert "What the columns mean" in columns
    assert "maija.testi1@yritys1.example" in columns
    assert "+358401000001" in columns
    assert '<option value="email" selected>' in columns
    assert not Job.objects.exists()

    client.post(address(batch), {"action": "try", **targets(batch), **TERMS})
    assert "The register is working on this file" in text(client.get(address(batch)))
    import_files.work_off(batch)
    checked = text(client.get(address(batch)))
    assert "row makes a new contact" in checked
    assert "row has an error and stays out" in checked

    client.post(address(batch), {"action": "start"})
    import_files.work_off(batch)
    done = text(client.get(address(batch)))
    assert "What was imported" in done
    link = f"/admin/contacts/contact/?import={batch.pk}"
    assert link in done
    listed = text(client.get(link))
    assert "Testi1" in listed
    assert "Testi2" not in listed


@pytest.mark.parametrize("role", ["seller", "agent", "officer", "auditor", "stranger"])
def test_only_who_may_import_can_send_a_file(role, request, client_of):
    client = client_of(request.getfixturevalue(role))

    assert client.get(UPLOAD).status_code == 403
    assert send(client, hubspot(person(1))).status_code == 403
    assert not ImportBatch.objects.exists()
    assert not FileRemoval.objects.exists()


def test_the_officer_sees_an_import_and_cannot_take_it_further(
    tried, officer, client_of
):
    client = client_of(officer)

    page = client.get(address(tried))
    assert page.status_code == 200
    assert 'value="start"' not in text(page)
    for action in ("start", "try", "discard"):
        assert client.post(address(tried), {"action": action}).status_code == 403
    assert client.get(address(tried, "bad_rows")).status_code == 403
    assert not Contact.objects.exists()
    assert ImportBatch.objects.get().state == ImportBatch.State.CHECKED


def test_who_may_not_see_imports_sees_none(tried, seller, client_of):
    client = client_of(seller)

    for name in ("change", "errors", "bad_rows"):
        assert client.get(address(tried, name)).status_code == 403


def test_a_file_that_is_too_large_is_refused_with_a_sentence(
    marketer, client_of, settings
):
    settings.IMPORT_MAX_BYTES = 50_000

    response = send(client_of(marketer), b"Email\n" + b"a@b.fi\n" * 40_000)

    assert "larger than 48.8" in text(response).replace("\xa0", " ")
    assert not ImportBatch.objects.exists()
    assert not FileRemoval.objects.exists()


def test_a_form_without_a_file_or_a_title_says_what_is_missing(marketer, client_of):
    page = text(client_of(marketer).post(UPLOAD, {"title": ""}))

    assert "This field is required." in page
    assert "Choose the file to import." in page


def test_a_form_sent_as_text_is_told_that_it_has_no_file(marketer, client_of):
    sent = client_of(marketer).post(
        UPLOAD, "title=Fair", content_type="application/x-www-form-urlencoded"
    )

    assert sent.status_code == 200
    assert "Choose the file to import." in text(sent)
    assert not ImportBatch.objects.exists()


def test_a_forged_form_is_refused(marketer):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(marketer)

    assert send(client, hubspot(person(1))).status_code == 403
    assert not ImportBatch.objects.exists()


def test_the_name_of_the_file_is_kept_nowhere(marketer, client_of):
    send(client_of(marketer), hubspot(person(1)))

    batch = ImportBatch.objects.get()
    assert re.fullmatch(r"imports/[0-9a-f-]{36}", batch.original.file.name)
    assert "Maijan" not in str(AuditEntry.objects.values_list("details", flat=True))


def test_columns_that_make_no_sense_are_shown_again_with_a_sentence(
    tried, marketer, client_of
):
    chosen = {**targets(tried), "column_0": "first_name"}

    page = client_of(marketer).post(address(tried), {"action": "try", **chosen})

    assert "Only one column can be this: First name." in text(page)
    assert Job.objects.filter(kind="contacts.check_import").count() == 1


def test_errors_are_listed_with_row_column_and_cell(tried, marketer, client_of):
    page = text(client_of(marketer).get(address(tried, "errors")))

    assert "Row 3" in page
    assert "<strong>Email:</strong>" in page
    assert "puuttuu@" in page
    assert "Row 4" in page
    assert "Row 2<" not in page


def test_errors_are_paged(marketer, client_of):
    rows = [person(number, email="puuttuu@") for number in range(60)]
    batch = import_files.upload(hubspot(*rows), user=marketer)
    import_files.try_out(batch, user=marketer)
    client = client_of(marketer)

    assert "Page 1 of 2" in text(client.get(address(batch, "errors")))
    second = text(client.get(address(batch, "errors") + "?page=2"))
    assert "Row 61" in second


def test_the_bad_rows_come_with_their_reasons_and_run_nowhere(
    tried, marketer, client_of
):
    response = client_of(marketer).get(address(tried, "bad_rows"))

    content = b"".join(response.streaming_content).decode("utf-8-sig")
    header, first, second = csv.reader(io.StringIO(content))
    assert header == [*import_files.HUBSPOT, "Row", "What is wrong"]
    assert (first[3], first[-2]) == ("puuttuu@", "3")
    assert first[-1].startswith("Email: This is not an e-mail address")
    assert second[4] == "'+358 40 1"
    entry = AuditEntry.objects.get(action="import.bad_rows_downloaded")
    assert entry.details == {"count": 2}


@pytest.mark.parametrize(("name", "rows"), [("bad_rows", 2), ("difference", 3)])
def test_what_is_downloaded_row_by_row_is_whole_on_the_web(
    tried, marketer, client_of, name, rows
):
    client = client_of(marketer)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
        response = client.get(address(tried, name))
        # Made while it is sent, when the request itself is over.
        content = b"".join(response.streaming_content).decode("utf-8-sig")
        cursor.execute("RESET ROLE")

    assert len(list(csv.reader(io.StringIO(content)))) == 1 + rows


def test_corrected_bad_rows_can_be_sent_as_they_were_downloaded(
    tried, marketer, client_of
):
    response = client_of(marketer).get(address(tried, "bad_rows"))
    content = b"".join(response.streaming_content)
    corrected = content.replace(b"puuttuu@", b"maija@x.example").replace(
        b"'+358 40 1", b"'+358 40 1234567"
    )

    _batch, counts = import_files.imported(corrected, user=marketer)

    assert counts == {"new": 2, "refusals": 0}
    assert Contact.objects.filter(points__value="+358401234567").count() == 1


def test_the_reasons_are_in_the_language_of_the_reader(tried, marketer, client_of):
    client = client_of(marketer)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fi"

    response = client.get(address(tried, "bad_rows"))

    assert response.headers["Content-Language"] == "fi"
    assert b"".join(response.streaming_content)


def test_a_discarded_file_is_gone(tried, marketer, client_of):
    response = client_of(marketer).post(address(tried), {"action": "discard"})

    assert response.url == reverse("admin:contacts_importbatch_changelist")
    assert not ImportBatch.objects.exists()


def test_an_import_that_broke_off_can_be_taken_up_again(tried, marketer, client_of):
    client = client_of(marketer)
    client.post(address(tried), {"action": "start"})
    Job.objects.filter(kind="contacts.run_import").update(
        state=Job.State.FAILED, error_code="OperationalError"
    )

    page = text(client.get(address(tried)))
    assert "OperationalError" in page
    assert "Go on from where it stopped" in page
    client.post(address(tried), {"action": "start"})

    assert import_files.work_off(tried) == {"new": 1, "invalid": 2, "refusals": 0}


def test_reading_a_page_of_an_import_is_recorded(tried, marketer, client_of):
    client_of(marketer).get(address(tried))

    entry = AuditEntry.objects.get(action="record.viewed")
    assert (entry.object_type, entry.object_id) == (
        "contacts.importbatch",
        str(tried.pk),
    )


def test_a_file_that_was_imported_before_is_recognised(marketer, client_of):
    content = hubspot(person(1))
    import_files.imported(content, user=marketer)
    again = import_files.upload(content, user=marketer)

    page = text(client_of(marketer).get(address(again)))

    assert "Exactly this file was imported on" in page


@pytest.mark.parametrize("key", ["no-uuid", "00000000-0000-0000-0000-000000000001"])
def test_an_import_that_does_not_exist_is_not_found(key, marketer, client_of):
    assert (
        client_of(marketer)
        .get(f"/admin/contacts/importbatch/{key}/change/")
        .status_code
        == 404
    )


def test_the_filter_of_contacts_finds_nobody_by_what_is_no_import(
    marketer, anna, client_of
):
    import_files.imported(hubspot(person(1)), user=marketer)

    response = client_of(marketer).get("/admin/contacts/contact/?import=nonsense")

    assert response.status_code == 200
    assert "Virtanen" not in text(response)
    assert "Testi1" not in text(response)


def test_nobody_can_import_by_typing_the_addresses_of_steps(tried, seller, client_of):
    client = client_of(seller)

    for action in ("try", "start", "read", "discard"):
        assert client.post(address(tried), {"action": action}).status_code == 403
    assert batches.job_of(tried).kind == "contacts.check_import"
    assert not Contact.objects.exists()


def test_a_personal_identity_code_in_the_title_is_refused_and_not_shown_again(
    client_of, marketer
):
    response = send(client_of(marketer), b"email\na@b.example\n", "Maija 131052-308T")

    assert response.status_code == 200
    assert "personal identity code" in text(response)
    assert "308T" not in text(response)
    assert not ImportBatch.objects.exists()
