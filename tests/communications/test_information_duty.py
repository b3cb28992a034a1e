"""Telling people whose data came from elsewhere (GDPR Art. 14): by when, how, and once."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from communications.models import Call, Meeting, MeetingParticipant, Message
from communications.permission import addresses_of, may_write_to
from communications.services import information_letters, messages
from consent.models import Prohibition
from consent.services import prohibitions
from contacts import information_duty
from contacts.information_letter import letter_to
from contacts.models import Contact, InformationGiven
from contacts.services import information
from register import actors
from register.activities import ACTIVITIES
from register.conformance.registry import Board, Status
from register.errors import DomainError
from register.models import Job, RoleRight
from register.services import jobs, protections
from tests.conftest import make_contact

pytestmark = pytest.mark.django_db
How = InformationGiven.How
LETTERS = "/admin/contacts/informationgiven/letters/"
LONG_AGO = datetime(2025, 1, 31, 12, 0, tzinfo=UTC)
PARTS = [
    "objection",
    "controller",
    "source",
    "purposes",
    "categories",
    "recipients",
    "transfers",
    "periods",
    "rights",
    "complaint",
    "automated",
]


def called(contact, at, direction):
    return Call.objects.create(
        contact=contact, direction=direction, started_at=at, ended_at=at
    )


def due_of(contact):
    people = information_duty.with_first_contacts(information_duty.open_duties())
    return information_duty.due(people.get(pk=contact.pk))


def obtained(contact, when):
    Contact.objects.filter(pk=contact.pk).update(**{information_duty.OBTAINED: when})


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2025-01-31", "2025-02-28"),
        ("2024-01-31", "2024-02-29"),
        ("2025-02-28", "2025-03-28"),
        ("2025-03-31", "2025-04-30"),
        ("2025-12-31", "2026-01-31"),
        ("2025-05-15", "2025-06-15"),
    ],
)
def test_the_duty_ends_a_calendar_month_after_the_day_the_data_came(day, due):
    noon = datetime.fromisoformat(f"{day}T10:00:00+00:00")
    assert information_duty.due_on(noon) == date.fromisoformat(due)
    # 22:30 UTC is the next day in Finland.
    late = datetime(2025, 1, 30, 22, 30, tzinfo=UTC)
    assert information_duty.due_on(late) == date(2025, 2, 28)


@pytest.mark.parametrize("offset", range(27, 33))
def test_the_list_of_what_is_overdue_agrees_with_each_due_date(anna, offset):
    for today in (date(2025, 3, 1), date(2024, 3, 1), date(2025, 5, 1)):
        when = datetime(today.year, today.month, today.day, 12, tzinfo=UTC) - timedelta(
            days=offset
        )
        obtained(anna, when)
        is_late = information_duty.due_on(when) < today
        assert information_duty.overdue(today).filter(pk=anna.pk).exists() == is_late


def test_whoever_we_called_first_was_to_be_told_in_that_call(anna, seller, client_of):
    day = timezone.now() - timedelta(days=3)
    called(anna, day, "inbound")
    assert not information_duty.overdue().exists()
    called(anna, day, "outbound")

    assert list(information_duty.overdue()) == [anna]
    due = due_of(anna)
    assert (due.day, due.is_late, due.contacted) == (
        timezone.localdate(day),
        True,
        True,
    )
    client = client_of(seller)
    page = client.get(reverse("admin:contacts_contact_page", args=[anna.pk]))
    assert "Was spoken to without being told" in page.content.decode()
    listed = client.get(reverse("admin:contacts_informationgiven_due"))
    assert "Spoken to without being told" in listed.content.decode()
    information.fulfil(anna, how=How.PHONE, actor=actors.of_user(seller))
    assert not information_duty.overdue().exists()


@pytest.mark.parametrize("state", ["planned", "held", "cancelled"])
def test_whoever_we_met_was_to_be_told_in_that_meeting(anna, seller, state):
    day = timezone.now() - timedelta(days=2)
    meeting = Meeting.objects.create(
        title="First visit",
        starts_at=day,
        finishes_at=day + timedelta(hours=1),
        state=state,
        responsible=seller,
    )
    for _record in range(2):  # twice after a merge
        MeetingParticipant.objects.create(meeting=meeting, contact=anna)

    was_met = state == "held"
    assert list(information_duty.overdue()) == ([anna] if was_met else [])
    due = due_of(anna)
    assert (due.is_late, due.contacted) == (was_met, was_met)
    if was_met:
        assert due.day == timezone.localdate(day)


def test_a_call_after_the_month_does_not_move_the_due_day(anna):
    obtained(anna, LONG_AGO)
    called(anna, timezone.now(), "outbound")
    due = due_of(anna)
    assert (due.day, due.is_late, due.contacted) == (date(2025, 2, 28), True, False)


def test_who_gave_the_data_is_not_told_again(db):
    make_contact(first_name="Self", source="person")
    assert not information_duty.open_duties().exists()


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_letter_has_every_point_of_the_article(anna, language):
    anna.language, anna.source_detail = language, "Messut 2026"
    letter = letter_to(anna)
    assert letter.language == language
    assert [part.code for part in letter.parts] == PARTS
    assert all(part.paragraphs or part.points for part in letter.parts)
    text = letter.as_text()
    for needed in ("Messut 2026", "tietosuoja.fi"):
        assert needed in text
    by_code = {part.code: part for part in letter.parts}
    assert len(by_code["rights"].points) == 7
    assert len(by_code["purposes"].points) >= 2
    assert len(by_code["periods"].points) >= 4
    assert len(ACTIVITIES) >= len(by_code["purposes"].points)


def test_the_letter_says_of_every_kind_of_data_how_long_it_is_kept(anna):
    """A part as long as its whole; its earlier values are told apart."""
    anna.language = "en"
    by_code = {part.code: part for part in letter_to(anna).parts}
    said = [point.rpartition(": ") for point in by_code["periods"].points]
    periods = {kind: period for kind, _colon, period in said}

    kinds = by_code["categories"].points
    assert list(periods) == [*kinds, "Earlier values of what was changed"]
    contact = "kept while needed; whether it is, is reviewed every 2 years"
    for kind in ("Identity and contact details", "Interests given by the person"):
        assert periods[kind] == contact
    assert periods["Customer-service chats"] == "deleted after 3 months"
    assert periods["Call recordings"] == "deleted after 7 months"


def test_the_right_to_object_stands_first_and_by_itself(anna):
    assert letter_to(anna).parts[0].code == "objection"


def test_a_duty_is_fulfilled_once_with_its_proof(anna, seller):
    actor = actors.of_user(seller)
    assert information.fulfil(anna, how=How.PHONE, evidence="call", actor=actor)
    assert not information.fulfil(anna, how=How.POST, actor=actor)
    assert [row.how for row in InformationGiven.objects.all()] == [How.PHONE]
    assert not information_duty.is_open(anna)


def test_an_exemption_without_a_reason_is_refused(anna, seller):
    for how in (How.KNOWS, How.EXEMPT):
        with pytest.raises(DomainError, match="need not be told"):
            information.fulfil(anna, how=how, actor=actors.of_user(seller))
    assert information_duty.is_open(anna)
    assert not InformationGiven.objects.exists()


def test_the_first_mail_carries_the_letter_and_the_second_does_not(
    anna, seller, mail_server
):
    for subject in ("First", "Second"):
        messages.queue(
            anna,
            address="anna.virtanen@esimerkki.example",
            subject=subject,
            body="Hello!",
            actor=actors.of_user(seller),
        )
        messages.send_waiting()
    first, second = (mail.get_content() for mail in mail_server.mails)
    assert "right to object" in first.replace("\n", " ")
    assert "right to object" not in second
    given = InformationGiven.objects.get()
    assert given.how == How.EMAIL
    assert str(mail_server.mails[0]["Message-ID"]) in given.evidence


def test_a_letter_that_was_not_sent_fulfils_nothing(anna, seller, mail_server):
    mail_server.answer = "RCPT 550 nobody"
    assert information_letters.send_one(anna, actor=actors.of_user(seller)) == "queued"
    messages.send_waiting()
    assert information_duty.is_open(anna)
    assert not InformationGiven.objects.exists()


def test_a_list_is_told_by_mail_with_a_result_for_each(
    anna, bruno, officer, mail_server
):
    nobody = make_contact(first_name="Without", source="import")
    prohibitions.add(
        bruno.points.get(kind="email").value,
        channel=Prohibition.Channel.EMAIL,
        purpose=Prohibition.Purpose.CUSTOMER,
        method=Prohibition.Method.STAFF,
        actor=actors.system(),
    )
    job = information_letters.order("all", actor=actors.of_user(officer))
    done = jobs.run(job.pk)
    counts = done.result["counts"]
    assert counts == {"queued": 1, "prohibited": 1, "no_address": 1}
    messages.send_waiting()
    assert mail_server.recipients == ["anna.virtanen@esimerkki.example"]
    assert set(information_duty.open_duties()) == {bruno, nobody}


def test_a_job_started_again_after_a_kill_sends_no_letter_twice(
    anna, officer, mail_server
):
    actor = actors.of_user(officer)
    jobs.run(information_letters.order("all", actor=actor).pk)
    jobs.run(information_letters.order("all", actor=actor).pk)
    assert Message.objects.count() == 1


def test_the_letter_for_post_is_a_pdf_and_leaves_out_protected_people(
    anna, officer, client_of
):
    client = client_of(officer)
    url = reverse("admin:contacts_informationgiven_pdf")
    answer = client.get(url, {"person": str(anna.pk)})
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    protections.protect(
        anna.pk,
        ground="non_disclosure",
        evidence="",
        valid_until=None,
        actor=actors.of_user(officer),
    )
    assert client.get(url, {"person": str(anna.pk)}).status_code == 302
    assert client.get(url, {"person": "no key"}).status_code == 302


def test_the_work_list_and_the_page_show_what_is_overdue(anna, seller, client_of):
    obtained(anna, LONG_AGO)
    client = client_of(seller)
    listed = client.get(reverse("admin:contacts_informationgiven_due"))
    assert "Anna Virtanen" in listed.content.decode()
    assert "Overdue" in listed.content.decode()
    page = client.get(reverse("admin:contacts_contact_page", args=[anna.pk]))
    assert "Has not been told" in page.content.decode()
    url = reverse("admin:contacts_informationgiven_tell", args=[anna.pk])
    refused = client.post(url, {"how": "exempt", "evidence": ""})
    assert "need not be told" in refused.content.decode()
    client.post(url, {"how": "phone", "evidence": "12.5."})
    page = client.get(reverse("admin:contacts_contact_page", args=[anna.pk]))
    assert "Has not been told" not in page.content.decode()


def test_rights_decide_who_sees_tells_and_sends(
    anna, agent, auditor, stranger, administrator, seller, client_of, mail_server
):
    due = reverse("admin:contacts_informationgiven_due")
    tell = reverse("admin:contacts_informationgiven_tell", args=[anna.pk])
    pdf = reverse("admin:contacts_informationgiven_pdf")
    for user in (auditor, stranger, administrator):
        client = client_of(user)
        assert {client.get(url).status_code for url in (due, tell, pdf)} == {403}
    assert client_of(agent).get(due).status_code == 200
    assert client_of(stranger).post(tell, {"how": "phone"}).status_code == 403
    for user in (agent, seller):
        assert client_of(user).post(due).status_code == 403
    assert information_duty.is_open(anna)
    assert not Message.objects.exists()
    missing = reverse("admin:contacts_informationgiven_tell", args=[uuid.uuid4()])
    assert client_of(seller).get(missing).status_code == 404


def test_customer_service_keeps_that_a_person_was_told_on_the_telephone(
    anna, agent, client_of
):
    tell = reverse("admin:contacts_informationgiven_tell", args=[anna.pk])
    client = client_of(agent)
    assert "Record it" in client.get(tell).content.decode()

    answer = client.post(tell, {"how": "phone", "evidence": "Soitto 23.11."})

    assert answer.status_code == 302
    given = InformationGiven.objects.get()
    assert (given.contact, given.how, given.given_by) == (anna, "phone", agent)
    assert not information_duty.is_open(anna)


def test_a_whole_list_is_written_to_only_when_that_is_ticked(
    anna, marketer, client_of, mail_server
):
    client = client_of(marketer)
    due = reverse("admin:contacts_informationgiven_due")

    refused = client.post(due, follow=True)

    assert "Tick that the letter" in refused.content.decode()
    assert not Job.objects.exists()
    client.post(due, {"sure": "1"})
    assert Job.objects.count() == 1


def test_the_board_says_that_an_overdue_duty_breaks_the_promise(anna):
    from contacts.conformance import people_are_told

    board = Board(timezone.now())
    assert people_are_told(board).status == Status.KEPT
    obtained(anna, LONG_AGO)
    found = people_are_told(board)
    assert found.status == Status.BROKEN
    assert found.facts["overdue"] == 1


def test_letters_for_post_are_marked_by_the_people_on_the_page(
    anna, bruno, marketer, client_of
):
    for person in (anna, bruno):
        person.points.all().delete()
    page = client_of(marketer).get(LETTERS)
    assert all(str(person.pk) in page.content.decode() for person in (anna, bruno))
    answer = client_of(marketer).post(
        LETTERS, {"action": "posted", "person": [str(anna.pk), "x", "nul"]}
    )
    assert answer.status_code == 302
    assert [row.contact for row in InformationGiven.objects.all()] == [anna]
    assert not information_duty.is_open(anna)
    assert information_duty.is_open(bruno)
    # Twice changes nothing.
    client_of(marketer).post(LETTERS, {"action": "posted", "person": [str(anna.pk)]})
    assert InformationGiven.objects.count() == 1


def test_the_file_holds_the_letters_of_those_who_were_chosen(anna, marketer, client_of):
    browser = client_of(marketer)
    made = browser.post(LETTERS, {"action": "pdf", "person": [str(anna.pk)]})
    assert made["Content-Type"] == "application/pdf"
    assert made.content.startswith(b"%PDF")
    assert browser.post(LETTERS, {"action": "pdf"}).status_code == 302


def test_only_who_may_keep_it_marks_letters_as_posted(anna, agent, seller, client_of):
    for user in (agent, seller):
        asked = {"action": "posted", "person": [str(anna.pk)]}
        assert client_of(user).post(LETTERS, asked).status_code == 403
    assert not InformationGiven.objects.exists()


def test_many_are_answered_for_like_each_one(anna, bruno):
    prohibited, gone = (
        make_contact(email=f"{name}@x.test", first_name=name) for name in ("p", "g")
    )
    prohibitions.add(
        "p@x.test",
        channel=Prohibition.Channel.EMAIL,
        purpose=Prohibition.Purpose.CUSTOMER,
        method=Prohibition.Method.STAFF,
        actor=actors.system(),
    )
    gone.points.update(undeliverable_since=timezone.now())
    people = [anna, bruno, prohibited, gone]
    together = addresses_of(people)
    for person in people:
        value = person.points.filter(kind="email").values_list("value", flat=True)[0]
        decision = may_write_to(person, value)
        expected = (value, "") if decision.is_allowed else ("", decision.code)
        assert together[person.pk] == expected


def test_the_list_asks_as_many_questions_of_fifty_as_of_one(
    anna, marketer, client_of, django_assert_max_num_queries
):
    for number in range(60):
        make_contact(last_name=f"N{number}", email=f"n{number}@x.test")
    browser = client_of(marketer)
    address = reverse("admin:contacts_informationgiven_due")
    browser.get(address)
    with django_assert_max_num_queries(30):
        first = browser.get(address).content.decode()
    after = first.split("after=")[1].split('"')[0]
    second = browser.get(address, {"after": after}).content.decode()
    assert "Show the next" not in second
    assert browser.get(address, {"after": "x"}).status_code == 200


def test_the_authority_is_the_one_of_the_configuration(anna, settings):
    settings.SUPERVISORY_AUTHORITY = {
        "name": "Datainspektionen",
        "address": "Gatan 1, Mariehamn",
        "website": "di.ax",
    }
    assert "Datainspektionen, Gatan 1, Mariehamn, di.ax" in letter_to(anna).as_text()


@pytest.mark.parametrize("category", ["identity", "information"])
def test_whoever_reaches_own_people_writes_to_them_alone(
    anna, bruno, marketer, client_of, mail_server, category
):
    rights = RoleRight.objects.filter(role__code="marketing", category=category)
    rights.update(scope="own")
    Contact.objects.filter(pk=anna.pk).update(responsible=marketer)
    due = reverse("admin:contacts_informationgiven_due")

    listed = client_of(marketer).get(due)
    job = information_letters.order("all", actor=actors.of_user(marketer))
    done = jobs.run(job.pk)

    assert [row["contact"].pk for row in listed.context["rows"]] == [anna.pk]
    assert listed.context["people"] == "1"
    assert (done.total, done.result["counts"]) == (1, {"queued": 1})
    assert set(Message.objects.values_list("contact", flat=True)) == {anna.pk}


def test_letters_are_not_sent_once_the_right_to_is_gone(anna, marketer, mail_server):
    job = information_letters.order("all", actor=actors.of_user(marketer))
    RoleRight.objects.filter(category="information", action="change").delete()

    done = jobs.run(job.pk)

    assert (done.state, done.error_code) == ("failed", "PermissionDenied")
    assert not Message.objects.exists()
