"""The second step of an import, and what its files leave behind."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from consent.models import Prohibition
from consent.selectors import is_prohibited
from contacts.admin.imports import ImportBatchAdmin
from contacts.models import (
    Contact,
    ContactPoint,
    ImportBatch,
    ImportFile,
    ImportMemory,
    ImportRow,
)
from contacts.services.imports import batches, staging
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, FileRemoval, Job
from retention.services.sweep import sweep
from tests.contacts import import_files, workbook_files
from tests.contacts.import_files import as_csv, hubspot, person

pytestmark = pytest.mark.django_db

UPLOAD = "/admin/contacts/importbatch/upload/"
FINNISH = ["Etunimi", "Sukunimi", "Sähköposti", "Puhelin", "Suoramarkkinointikielto"]
MAILCHIMP = ["Email Address", "First Name", "Last Name", "OPTIN_TIME", "LEID", "EUID"]


def send(client, content: bytes, name="list.csv", **extra):
    return client.post(
        UPLOAD, {"title": "Fair", "file": SimpleUploadedFile(name, content)}, **extra
    )


def address(batch, name="change"):
    return reverse(f"admin:contacts_importbatch_{name}", args=[batch.pk])


def text(response) -> str:
    return " ".join(response.content.decode().split())


def preview(client, batch, **chosen):
    return client.post(
        address(batch), {"action": "preview", **chosen}, headers={"HX-Request": "true"}
    )


def chosen_in(response) -> dict[str, str]:
    """What a browser would send back: the first form of the page as it stands."""
    wizard = response.context["wizard"]
    values = {
        name: "" if value is None else value
        for name, value in wizard.layout.initial.items()
        if name in wizard.layout.fields
    }
    targets = wizard.columns.preview.targets if wizard.columns else []
    return {**values, **{f"column_{n}": code for n, code in enumerate(targets)}}


# --- refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "a.csv", "The file is empty."),
        (b"Email;Nimi\n", "a.csv", "The file has a header but no rows below it."),
        (b"Email\n" + b"a@b.fi\n" * 20_000 + b"\0\n", "a.csv", "holds NUL characters"),
        (b";".join([b"c"] * 200) + b"\nx\n", "a.csv", "more than 150 columns"),
        (b"%PDF-1.7\n", "list.xlsx", "neither a CSV file nor an Excel workbook"),
        (b"<html><table>", "list.xls", "This is a web page or XML"),
        (
            workbook_files.by_hand("", {"xl/worksheets/sheet1.xml": bytes(2**24)}),
            "a.xlsx",
            "would swell to many times its size",
        ),
    ],
)
def test_what_cannot_be_read_is_said_at_once_and_nothing_of_it_is_stored(
    marketer, client_of, content, name, sentence
):
    response = send(client_of(marketer), content, name)

    assert response.status_code == 200
    assert sentence in text(response)
    assert not ImportBatch.objects.exists()
    assert not FileRemoval.objects.exists()
    assert not AuditEntry.objects.filter(action="import.uploaded").exists()


def test_a_file_that_announces_two_gigabytes_is_refused_unread(marketer, client_of):
    class Unread(io.BytesIO):
        def read(self, *_args):
            raise AssertionError("The file was read.")

    response = client_of(marketer).generic(
        "POST",
        UPLOAD,
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(2 * 1024**3),
        **{"wsgi.input": Unread()},
    )

    assert response.status_code == 413
    assert "The file is larger than" in text(response)
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (
            workbook_files.xlsx([["Email"], ["a@b.fi"]]),
            "list.csv",
            "it is an Excel workbook",
        ),
        (b"Email\na@b.fi\n", "list.xlsx", "it is a text file"),
        (b"Email\na@b.fi\n", "list.csv", ""),
    ],
)
def test_a_wrong_name_is_told_and_the_content_is_read(
    marketer, client_of, content, name, sentence
):
    client = client_of(marketer)
    response = client.get(send(client, content, name).url)

    assert "The file is named like" in text(response) if sentence else True
    assert sentence in text(response)
    assert ImportBatch.objects.get().targets == ["email"]


# --- the preview ------------------------------------------------------------------------


def test_the_preview_shows_values_as_they_are_read_and_says_what_is_not_taken(
    marketer, client_of
):
    content = as_csv(
        [*FINNISH, "Markkinointilupa", "Huomautukset"],
        [["Ada", "Ek", "ADA@X.example", "040 1", "kyllä", "k", "soita"]],
    )
    batch = import_files.upload(content, user=marketer)

    page = text(client_of(marketer).get(address(batch)))

    assert "ada@x.example" in page
    assert "too few or too many digits" in page
    assert "5 columns are imported. 2 columns are not" in page
    assert "a file can refuse, but not permit" in page
    assert "free text about people has no place" in page
    assert "Refuses direct marketing" in page
    assert not ImportRow.objects.exists()


def test_the_preview_follows_what_is_chosen_and_keeps_nothing(marketer, client_of):
    client = client_of(marketer)
    content = "Otsikko\nNimi|Email\nÄijä|a@b.fi\nÖhman|b@b.fi\n".encode("cp1252")
    batch = import_files.upload(content, user=marketer)
    shown = chosen_in(client.get(address(batch)))
    assert (shown["delimiter"], shown["header_row"]) == ("|", 2)

    other = preview(client, batch, **{**shown, "delimiter": ";"})
    assert chosen_in(other)["delimiter"] == ";"
    other = preview(client, batch, **{**shown, "encoding": "mac-roman"})
    assert "ƒij‰" in text(other)
    other = preview(client, batch, **{**shown, "header_row": "0"})
    assert "Column 1" in text(other)
    other = preview(client, batch, **{**shown, "column_0": "last_name"})
    assert chosen_in(other)["column_0"] == "last_name"
    refused = preview(client, batch, **{**shown, "encoding": "utf-8"})
    assert "cannot be read in this encoding" in text(refused)
    assert 'value="try"' not in text(refused)

    batch.refresh_from_db()
    assert (batch.encoding, batch.delimiter) == ("windows-1252", "|")
    assert not ImportMemory.objects.exists()
    assert not Job.objects.exists()


def test_nonsense_in_the_form_is_guessed_instead(marketer, client_of):
    batch = import_files.upload(hubspot(person(1)), user=marketer)
    nonsense = {
        "encoding": "idna",
        "delimiter": '"',
        "sheet": "x",
        "header_row": "-1",
        "column_0": "is_staff",
    }

    response = preview(client_of(marketer), batch, **nonsense)

    assert response.status_code == 200
    assert chosen_in(response)["delimiter"] == ","


def test_what_was_corrected_is_what_is_imported(marketer, client_of):
    client = client_of(marketer)
    content = "Lista\nNimi;Email\nŽak Ek;a@b.fi\n".encode("cp1250")
    batch = import_files.upload(content, user=marketer)
    shown = chosen_in(client.get(address(batch)))
    changed = preview(client, batch, **{**shown, "encoding": "windows-1250"})

    client.post(address(batch), {"action": "try", **chosen_in(changed)})
    import_files.work_off(batch)
    import_files.run(batch, user=marketer)

    assert Contact.objects.get().first_name == "Žak"


def test_other_rows_can_be_chosen_after_a_dry_run(marketer, client_of):
    client = client_of(marketer)
    rows = [["Email", "Nimi"], ["a@b.fi", "Ada"]]
    content = workbook_files.xlsx(rows, [*rows, ["b@b.fi", "Bo"]], hidden=[1])
    batch = import_files.upload(content, user=marketer)
    assert import_files.try_out(batch, user=marketer) == {"new": 1}

    page = client.get(address(batch) + "?columns")
    assert "Sheet 1 (hidden)" in text(page)
    other = preview(client, batch, **{**chosen_in(page), "sheet": "1"})
    client.post(address(batch), {"action": "try", **chosen_in(other)})

    assert import_files.work_off(batch) == {"new": 2}
    assert ImportRow.objects.count() == 2


def test_without_its_file_only_the_columns_can_be_changed(marketer, client_of):
    client = client_of(marketer)
    batch = import_files.upload(hubspot(person(1)), user=marketer)
    import_files.try_out(batch, user=marketer)
    ImportFile.objects.update(file="")

    page = client.get(address(batch) + "?columns")
    assert "can no longer be read in another way" in text(page)
    assert "maija.testi1@yritys1.example" in text(page)
    with pytest.raises(DomainError, match="Send it again"):
        batches.try_out(
            batch,
            targets=batch.targets,
            layout=import_files.layout_of(hubspot(person(1)), header_row=0),
            actor=actors.of_user(marketer),
        )
    targets = ["" if code == "phone" else code for code in batch.targets]
    assert import_files.try_out(batch, user=marketer, targets=targets) == {"new": 1}


def test_each_preview_is_recorded_as_a_reading(marketer, client_of):
    batch = import_files.upload(hubspot(person(1)), user=marketer)

    preview(client_of(marketer), batch)

    entry = AuditEntry.objects.get(action="record.viewed")
    assert entry.object_id == str(batch.pk)


# --- remembered -------------------------------------------------------------------------


def test_what_was_chosen_is_remembered_for_files_of_the_same_columns(
    marketer, client_of
):
    content = as_csv(["Kenttä A", "Kenttä B"], [["Ada Ek", "a@b.fi"]])
    first = import_files.upload(content, user=marketer)
    import_files.try_out(first, user=marketer, targets=["full_name", "email"])

    again = import_files.upload(
        as_csv(["KENTTÄ-A", "kenttä b"], [["Bo Oja", "b@b.fi"]]), user=marketer
    )

    assert again.targets == ["full_name", "email"]
    page = text(client_of(marketer).get(address(again)))
    assert "they mean what was chosen then" in page
    other = import_files.upload(as_csv(["Kenttä A"], [["x"]]), user=marketer)
    assert other.targets == [""]


def test_no_name_of_a_column_is_remembered(marketer):
    content = as_csv(["Virtanen Anna", "Email"], [["x", "a@b.fi"]])
    import_files.try_out(import_files.upload(content, user=marketer), user=marketer)

    memory = ImportMemory.objects.get()
    assert memory.targets == ["", "email"]
    assert len(memory.fingerprint) == 64
    assert "irtanen" not in str(ImportMemory.objects.values())


def test_columns_without_names_are_not_remembered(marketer):
    content = b"a@b.fi,Ada\nb@b.fi,Bo\n"
    batch = import_files.upload(content, user=marketer)
    import_files.try_out(batch, user=marketer, targets=["email", "full_name"])

    assert not ImportMemory.objects.exists()


# --- Mailchimp --------------------------------------------------------------------------


def test_subscribed_members_become_contacts_and_get_no_permission(marketer):
    rows = [["a@x.example", "Ada", "Ek", "2024-01-01 10:00:00", "1", "a"]]

    _batch, counts = import_files.imported(as_csv(MAILCHIMP, rows), user=marketer)

    assert counts == {"new": 1, "refusals": 0}
    assert not Prohibition.objects.exists()


def test_unsubscribed_members_refuse_marketing_by_email_alone(marketer):
    header = [*MAILCHIMP, "UNSUB_TIME"]
    rows = [
        ["a@x.example", "Ada", "Ek", "", "1", "a", "2024-01-01 10:00:00"],
        ["broken@", "Bo", "Oja", "", "2", "b", "2024-01-01 10:00:00"],
        ["c@x.example", "Cai", "Yli", "", "3", "c", ""],
    ]
    batch = import_files.upload(as_csv(header, rows), user=marketer)

    tried = import_files.try_out(batch, user=marketer)
    counts = import_files.run(batch, user=marketer)

    assert tried == {"new": 2, "invalid": 1, "rows_refusals": 1}
    assert counts == {"new": 2, "invalid": 1, "refusals": 1}
    refused = {"channel": "email", "purpose": "marketing"}
    assert is_prohibited("a@x.example", **refused)
    assert not is_prohibited("c@x.example", **refused)
    assert not Prohibition.objects.filter(channel="phone").exists()


def test_cleaned_members_are_kept_with_an_address_that_is_known_not_to_work(
    marketer, anna, client_of
):
    known = anna.points.filter(kind="email").first()
    rows = [
        ["a@x.example", "Ada", "Ek", "", "1", "a", "2024-01-01 10:00:00"],
        [known.value, "Anna", "Virtanen", "", "2", "b", "2024-01-01 10:00:00"],
    ]
    content = as_csv([*MAILCHIMP, "CLEAN_TIME"], rows)

    _batch, counts = import_files.imported(content, user=marketer)

    assert counts == {"new": 1, "unchanged": 1, "refusals": 0, "undeliverable": 2}
    marked = ContactPoint.objects.filter(undeliverable_since__isnull=False)
    assert {point.value for point in marked} == {"a@x.example", known.value}
    entries = AuditEntry.objects.filter(action="contact.email_undeliverable")
    assert entries.filter(subject_id=anna.pk).count() == 1
    _batch, again = import_files.imported(content, user=marketer)
    assert again.get("undeliverable", 0) == 0


def test_a_column_that_says_no_time_is_an_error_and_refuses_nothing(marketer):
    rows = [["a@x.example", "Ada", "Ek", "", "1", "a", "Helsinki"]]
    content = as_csv([*MAILCHIMP, "UNSUB_TIME"], rows)

    batch, counts = import_files.imported(content, user=marketer)

    assert counts == {"invalid": 1, "refusals": 0}
    assert batch.rows.get().errors == ["not_a_time:6"]


# --- rows with errors come back ---------------------------------------------------------

AWKWARD = [
    ["=1+1", 'Ek; "x"\ny', "broken@", "+358 40 1234567", "kyllä"],
    ["Bo", "Oja", "", "", "ei"],
    ["Cai", "Yli", "cai@x.example", "040 7654321", ""],
]


def bad_rows(client, batch) -> bytes:
    return b"".join(client.get(address(batch, "bad_rows")).streaming_content)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_rows_with_errors_come_back_mended_as_the_file_that_was_sent(
    marketer, client_of, kind
):
    rows = [FINNISH, *AWKWARD]
    content = as_csv(FINNISH, AWKWARD) if kind == "csv" else workbook_files.xlsx(rows)
    client = client_of(marketer)
    batch = import_files.upload(content, user=marketer)
    import_files.try_out(batch, user=marketer)
    import_files.run(batch, user=marketer)
    back = bad_rows(client, batch)

    again = import_files.upload(back, user=marketer)
    assert (again.kind, again.targets[: len(FINNISH)]) == (kind, batch.targets)
    assert import_files.try_out(again, user=marketer) == {
        "invalid": 2,
        "rows_refusals": 1,
    }
    twice = bad_rows(client, again)
    assert cells_of(twice, kind) == cells_of(back, kind)

    mended = back.replace(b"broken@", b"ada@x.example") if kind == "csv" else mend(back)
    _batch, counts = import_files.imported(mended, user=marketer)
    assert counts["new"] == 1
    ada = Contact.objects.get(points__value="ada@x.example")
    assert (ada.first_name, ada.last_name) == ("=1+1", 'Ek; "x" y')
    assert is_prohibited("ada@x.example", channel="email", purpose="marketing")


def cells_of(content: bytes, kind: str) -> list[list[str]]:
    if kind == "csv":
        lines = io.StringIO(content.decode("utf-8-sig"), newline="")
        return [line[: len(FINNISH)] for line in csv.reader(lines)]
    sheet: Any = openpyxl.load_workbook(io.BytesIO(content)).active
    return [
        [str(cell or "") for cell in row[: len(FINNISH)]]
        for row in sheet.iter_rows(values_only=True)
    ]


def mend(content: bytes) -> bytes:
    """Change one cell as a spreadsheet program would: the others stay text."""
    mended = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(mended, "w") as target,
    ):
        for name in source.namelist():
            part = source.read(name).replace(b"broken@", b"ada@x.example")
            assert b"<f>" not in part
            target.writestr(name, part)
    return mended.getvalue()


def test_what_stands_beyond_the_last_column_is_not_lost(marketer, client_of):
    content = as_csv(
        ["Email", "Nimi"], [["a@b.fi", "Ek", "Ada", "x"], ["b@b.fi", "Bo"]]
    )
    batch = import_files.upload(content, user=marketer)
    import_files.try_out(batch, user=marketer)

    assert b"Left over: Ada | x" in bad_rows(client_of(marketer), batch)


# --- how long ---------------------------------------------------------------------------


def test_a_file_that_is_never_imported_ends_with_its_rows_after_thirty_days(
    marketer, at, django_capture_on_commit_callbacks
):
    batch = import_files.upload(hubspot(person(1)), user=marketer)
    import_files.try_out(batch, user=marketer)
    original = ImportFile.objects.get()
    path = original.file.name
    assert default_storage.exists(path)
    assert (original.ends_at - original.received_at).days in (29, 30, 31)
    assert ImportRow.objects.get().ends_at == original.ends_at

    with at(timezone.now() + timedelta(days=29)):
        sweep()
    assert default_storage.exists(path)

    with (
        at(timezone.now() + timedelta(days=31)),
        django_capture_on_commit_callbacks(execute=True),
    ):
        sweep()

    assert not ImportFile.objects.exists()
    assert not ImportRow.objects.exists()
    assert not default_storage.exists(path)
    assert ImportBatch.objects.get() == batch


def test_discarding_takes_the_file_with_it(
    marketer, django_capture_on_commit_callbacks
):
    batch = import_files.upload(hubspot(person(1)), user=marketer)
    path = batch.original.file.name

    with django_capture_on_commit_callbacks(execute=True):
        batches.discard(batch, actor=actors.of_user(marketer))

    assert not default_storage.exists(path)
    assert not ImportFile.objects.exists()


# --- where one is -----------------------------------------------------------------------


def test_the_step_shown_is_the_one_that_is_being_done(marketer, client_of):
    client = client_of(marketer)
    batch = import_files.upload(hubspot(person(1)), user=marketer)

    def step(query=""):
        return client.get(address(batch) + query).context["step"]

    assert step() == 2
    batches.try_out(
        batch,
        targets=batch.targets,
        layout=staging.layout_of(batch),
        actor=actors.of_user(marketer),
    )
    assert step() == 3
    Job.objects.update(state=Job.State.DONE)
    ImportBatch.objects.update(state=ImportBatch.State.CHECKED)
    assert step() == 3
    assert step("?columns") == 2


def test_the_list_tells_no_guess_for_the_number_of_rows(marketer, client_of):
    batch = import_files.upload(hubspot(person(1)), user=marketer)
    [row] = (
        client_of(marketer)
        .get("/admin/contacts/importbatch/")
        .context["cl"]
        .result_list
    )

    assert row.row_count > 0
    assert ImportBatchAdmin.rows(None, batch) is None
