"""Notes and follow-ups: who writes them, who is reminded, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from communications.dashboard import badge_of_reminders
from communications.models import FollowUp, Note
from communications.services import follow_ups, notes, reminders
from register import actors
from register.errors import DomainError
from register.models import AuditEntry

pytestmark = pytest.mark.django_db
IN_AN_HOUR = timedelta(hours=1)


@pytest.fixture
def call_anna(anna, seller):
    return follow_ups.add(
        anna,
        what="Call about the offer",
        due_at=timezone.now() + IN_AN_HOUR,
        remind_at=timezone.now(),
        actor=actors.of_user(seller),
    )


def write_url(about, kind="contact"):
    return reverse("admin:communications_note_write", args=[kind, about.pk])


def test_a_note_written_without_scripts_leads_back_to_the_page(anna, seller, client_of):
    answer = client_of(seller).post(
        write_url(anna), {"note-text": "Prefers mornings"}, follow=True
    )
    assert answer.redirect_chain[-1][0].endswith(f"{anna.pk}/page/")
    assert "Prefers mornings" in answer.content.decode()
    note = Note.objects.get()
    assert (note.contact, note.author) == (anna, seller)
    assert AuditEntry.objects.filter(action="note.written", subject_id=anna.pk).exists()


def test_htmx_gets_the_part_of_the_page_and_the_timeline_beside_it(
    anna, seller, client_of
):
    answer = client_of(seller).post(
        write_url(anna), {"note-text": "Likes fax"}, headers={"hx-request": "true"}
    )
    page = answer.content.decode()
    assert 'id="sel-work"' in page
    assert 'hx-swap-oob="true"' in page
    assert "Likes fax" in page
    assert "<html" not in page


@pytest.mark.parametrize(
    "text", ["", "   ", "x" * 10_001, "nul\0", "hetu 131052-308T here"]
)
def test_a_bad_note_is_refused_and_nothing_is_kept(anna, seller, client_of, text):
    answer = client_of(seller).post(
        write_url(anna), {"note-text": text}, headers={"hx-request": "true"}
    )
    assert answer.status_code in (200, 400)
    assert not Note.objects.exists()


def test_a_note_about_a_company_stands_on_its_page(company, seller, client_of):
    client = client_of(seller)
    client.post(write_url(company, "company"), {"note-text": "Buys in autumn"})
    page = client.get(reverse("admin:contacts_company_change", args=[company.pk]))
    assert "Buys in autumn" in page.content.decode()


@pytest.mark.parametrize("name", ["auditor", "administrator", "stranger", "officer"])
def test_only_roles_with_the_right_write_notes(anna, client_of, request, name):
    client = client_of(request.getfixturevalue(name))
    assert client.post(write_url(anna), {"note-text": "x"}).status_code == 403
    assert not Note.objects.exists()


def test_who_sees_no_notes_sees_none_on_page_list_or_typed_address(
    anna, auditor, administrator, seller, client_of
):
    note = notes.write(anna, text="Secret plan", actor=actors.of_user(seller))
    for user in (auditor, administrator):
        client = client_of(user)
        for url in (
            reverse("admin:contacts_contact_page", args=[anna.pk]),
            reverse("admin:communications_note_changelist"),
            reverse("admin:communications_note_change", args=[note.pk]),
            reverse("admin:communications_note_edit", args=[note.pk]),
            reverse("admin:communications_followup_mine"),
            reverse("admin:communications_followup_changelist"),
        ):
            assert client.get(url).status_code == 403, url


def test_a_note_of_nobody_is_not_found(seller, client_of):
    client = client_of(seller)
    missing = "00000000-0000-4000-8000-000000000000"
    for kind in ("contact", "company", "staff"):
        url = reverse("admin:communications_note_write", args=[kind, missing])
        assert client.post(url, {"note-text": "x"}).status_code == 404
    url = reverse("admin:communications_note_edit", args=[10**12])
    assert client.get(url).status_code == 404


def test_a_note_can_be_changed_pinned_and_deleted(anna, seller, client_of):
    note = notes.write(anna, text="Frist", actor=actors.of_user(seller))
    client = client_of(seller)
    url = reverse("admin:communications_note_edit", args=[note.pk])
    client.post(url, {"note-text": "First", "note-is_pinned": "on"})
    note.refresh_from_db()
    assert (note.text, note.is_pinned) == ("First", True)
    assert note.changed_at is not None
    client.post(url, {"action": "delete"})
    assert not Note.objects.exists()


def test_my_list_has_only_mine_and_says_what_is_overdue(
    anna, seller, agent, call_anna, client_of
):
    FollowUp.objects.filter(pk=call_anna.pk).update(due_at=timezone.now() - IN_AN_HOUR)
    url = reverse("admin:communications_followup_mine")
    mine = client_of(seller).get(url).content.decode()
    assert "Overdue" in mine
    assert "Call about the offer" in mine
    assert "Anna Virtanen" in mine
    assert "Call about the offer" not in client_of(agent).get(url).content.decode()


def test_a_follow_up_is_planned_in_finnish_time(anna, seller, client_of):
    url = reverse("admin:communications_followup_plan", args=["contact", anna.pk])
    day = timezone.localdate() + timedelta(days=3)
    client_of(seller).post(
        url,
        {
            "follow-up-what": "Send the brochure",
            "follow-up-day": day.isoformat(),
            "follow-up-responsible": str(seller.pk),
            "follow-up-reminder": "hour",
        },
    )
    planned = FollowUp.objects.get()
    local = timezone.localtime(planned.due_at)
    assert (local.date(), local.hour) == (day, 9)
    assert planned.due_at - planned.remind_at == IN_AN_HOUR


def test_a_colleague_whose_role_sees_no_notes_cannot_be_made_responsible(
    anna, seller, stranger
):
    with pytest.raises(DomainError, match="whose role sees notes"):
        follow_ups.add(
            anna,
            what="x",
            due_at=timezone.now(),
            responsible=stranger,
            actor=actors.of_user(seller),
        )
    assert not FollowUp.objects.exists()


def test_a_reminder_comes_once(call_anna, seller):
    assert reminders.remind_due() == 1
    assert reminders.remind_due() == 0
    assert list(reminders.reminders_of(seller)) == [call_anna]


def test_nobody_is_reminded_of_what_is_done_or_not_yet_due(anna, seller, call_anna):
    follow_ups.finish(call_anna, actor=actors.of_user(seller))
    follow_ups.add(
        anna,
        what="Later",
        due_at=timezone.now() + 3 * IN_AN_HOUR,
        remind_at=timezone.now() + 2 * IN_AN_HOUR,
        actor=actors.of_user(seller),
    )
    assert reminders.remind_due() == 0


def test_what_is_postponed_or_handed_over_reminds_again(call_anna, seller, agent):
    actor = actors.of_user(seller)
    reminders.remind_due()
    follow_ups.hand_over(call_anna, to=agent, actor=actor)
    assert not reminders.reminders_of(seller).exists()
    assert reminders.remind_due() == 1
    assert reminders.reminders_of(agent).exists()
    later = timezone.now() + timedelta(days=2)
    follow_ups.postpone(call_anna, due_at=later, actor=actor)
    assert reminders.remind_due() == 0
    call_anna.refresh_from_db()
    assert later - call_anna.remind_at >= IN_AN_HOUR - timedelta(seconds=5)


def test_done_twice_is_done_once(call_anna, seller, client_of):
    client = client_of(seller)
    url = reverse("admin:communications_followup_decide", args=[call_anna.pk])
    client.post(url, {"action": "done"})
    client.post(url, {"action": "done", "back": "mine"})
    assert AuditEntry.objects.filter(action="follow_up.done").count() == 1
    soon = {"action": "postpone", "later-day": timezone.localdate().isoformat()}
    refused = client.post(url, soon, follow=True).content.decode()
    assert "done already" in refused


def test_whoever_decides_about_a_follow_up_sees_whom_it_is_about(
    anna, call_anna, seller, client_of
):
    url = reverse("admin:communications_followup_decide", args=[call_anna.pk])

    page = client_of(seller).get(url).content.decode()

    assert "Anna Virtanen" in page
    assert reverse("admin:contacts_contact_page", args=[anna.pk]) in page


def test_a_follow_up_is_not_put_off_for_a_century(call_anna, seller, client_of):
    url = reverse("admin:communications_followup_decide", args=[call_anna.pk])
    asked = {"action": "postpone", "later-day": "2126-01-01"}
    assert "next ten years" in client_of(seller).post(url, asked).content.decode()
    due_at = call_anna.due_at
    call_anna.refresh_from_db()
    assert call_anna.due_at == due_at


def test_the_badge_of_the_menu_is_counted_anew_after_ones_own_change(
    anna, seller, django_capture_on_commit_callbacks, django_assert_num_queries
):
    request = RequestFactory().get("/admin/")
    request.user = seller
    waiting = FollowUp.objects.create(
        contact=anna,
        responsible=seller,
        what="Call",
        due_at=timezone.now(),
        reminded_at=timezone.now(),
    )
    assert badge_of_reminders(request) == "1"
    with django_assert_num_queries(0):
        assert badge_of_reminders(request) == "1"

    with django_capture_on_commit_callbacks(execute=True):
        follow_ups.finish(waiting, actor=actors.of_user(seller))

    assert badge_of_reminders(request) == ""
