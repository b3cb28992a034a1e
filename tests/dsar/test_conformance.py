"""The checks of N8 and N10 break when a request is late, half answered or half erased."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from contacts.models import Contact
from dsar import wording
from dsar.models import ErasurePlan, Finding, Package, Request, RequestEvent
from dsar.services import closing, deadlines, package
from register import actors
from register.models import Hold
from tests.asking_checks import facts, records, status
from tests.dsar.access_factory import collected, confirmed, open_access, packed
from tests.dsar.erasure_factory import erase, erasure_request

pytestmark = pytest.mark.django_db


def rows(request) -> list[tuple[str, str]]:
    return [("dsar.Request", str(request.pk))]


def test_a_request_past_its_due_date_breaks_the_clause(officer, at):
    request = open_access(officer)
    found = facts("deadlines_kept")
    assert (found["open"], found["overdue"]) == (1, 0)
    assert found["next_due_on"] == request.due_on.isoformat()

    with at(timezone.now() + timedelta(days=40)):
        assert status("deadlines_kept") == "broken"
        assert records("deadlines_kept") == rows(request)
        closing.close(
            request,
            outcome="refused",
            reason="Not found out who asks.",
            actor=actors.of_user(officer),
        )
        assert status("deadlines_kept") == "kept"


def test_a_clock_that_waits_for_the_person_is_not_late(officer, at):
    request = open_access(officer)
    deadlines.suspend(request, reason="identity", actor=actors.of_user(officer))

    with at(timezone.now() + timedelta(days=40)):
        assert status("deadlines_kept") == "kept"


def test_a_due_date_moved_by_hand_breaks_the_clause(officer):
    request = open_access(officer)

    Request.objects.update(due_on=request.due_on + timedelta(days=90))

    assert facts("deadlines_kept")["wrong_due_dates"] == 1
    assert status("deadlines_kept") == "broken"


def test_data_that_no_hold_keeps_while_it_is_asked_for_breaks_the_clause(officer, anna):
    request = confirmed(officer, anna)
    assert status("asked_for_data_is_frozen") == "kept"

    Hold.objects.update(released_at=timezone.now())

    assert records("asked_for_data_is_frozen") == rows(request)
    assert status("asked_for_data_is_frozen") == "broken"
    Request.objects.update(state=Request.State.CLOSED)
    assert status("asked_for_data_is_frozen") == "kept"


@pytest.fixture
def answered(officer, anna):
    """An access request whose package was handed over."""
    request = collected(officer, anna)
    actor = actors.of_user(officer)
    package.note_download(packed(officer, request), actor=actor)
    return closing.close(request, outcome="delivered", actor=actor)


def test_an_answer_with_a_value_nobody_decided_about_breaks_the_clause(answered):
    assert status("access_answers_whole") == "kept"
    assert facts("access_answers_whole")["delivered"] == 1

    Finding.objects.create(
        request=answered, table="contacts.Contact", row_key="1", field="last_name"
    )

    assert records("access_answers_whole") == rows(answered)
    assert status("access_answers_whole") == "broken"


def test_an_answer_that_was_never_taken_out_breaks_the_clause(answered):
    RequestEvent.objects.filter(kind=RequestEvent.Kind.DELIVERED).delete()

    assert facts("access_answers_whole")["not_taken_out"] == 1
    assert status("access_answers_whole") == "broken"


def test_the_newest_packages_tell_of_the_right_to_complain(answered, monkeypatch):
    found = facts("complaint_is_told")
    assert (found["packages"], found["packages_without"]) == (1, 0)
    assert {status("complaint_is_told"), status("packages_are_portable")} == {"kept"}

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("index.html", "Your data")
        archive.writestr("data.json", "{}")
    path = default_storage.save("packages/other.zip", ContentFile(stream.getvalue()))
    Package.objects.update(file=path)

    assert facts("complaint_is_told")["packages_without"] == 1
    assert {status("complaint_is_told"), status("packages_are_portable")} == {"broken"}

    default_storage.delete(path)
    assert status("complaint_is_told") == "broken"


def test_a_language_in_which_nobody_is_told_breaks_the_clause(monkeypatch):
    assert status("complaint_is_told") == "kept"
    told = wording.rights()[:-1]
    monkeypatch.setattr(wording, "rights", lambda: told)

    assert facts("complaint_is_told")["languages_without"] == ["fi", "sv", "en"]
    assert status("complaint_is_told") == "broken"


def test_an_erased_person_who_is_back_breaks_the_clause(
    officer, second_officer, anna, django_capture_on_commit_callbacks
):
    request = erasure_request(anna, officer)
    erase(request, officer, second_officer)
    assert facts("erased_people_are_gone") == {"erased": 1, "back": 0}
    assert status("erasures_verified") == "kept"

    # As after the restore of an older backup.
    back = Contact.objects.create(pk=anna.pk, first_name="Anna", source="staff")

    assert records("erased_people_are_gone") == rows(request)
    assert status("erased_people_are_gone") == "broken"
    back.delete()
    assert status("erased_people_are_gone") == "kept"


def test_an_erasure_that_was_not_found_complete_breaks_the_clause(officer, anna, at):
    request = erasure_request(anna, officer)
    ErasurePlan.objects.create(request=request, executed_at=timezone.now())
    assert status("erasures_verified") == "kept"

    with at(timezone.now() + timedelta(hours=25)):
        assert records("erasures_verified") == rows(request)
        assert status("erasures_verified") == "broken"
