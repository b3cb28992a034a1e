"""Meetings: who arranges, sees and closes them, what a calendar gets, and how they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from django.urls import reverse
from django.utils import timezone

from communications.calendar_files import file_of
from communications.models import Meeting, MeetingParticipant
from communications.services import meetings
from register import access, actors
from register.database.visibility import as_the_web
from register.errors import DomainError
from register.models import AddressProtection, AuditEntry
from tests.conftest import make_contact

pytestmark = pytest.mark.django_db
State = Meeting.State
HOUR = timedelta(hours=1)


@pytest.fixture
def demo(anna, seller):
    starts_at = timezone.now().replace(microsecond=0) + 24 * HOUR
    return meetings.arrange(
        anna,
        title="Demo, part 1; prices",
        starts_at=starts_at,
        finishes_at=starts_at + HOUR,
        place="Tarvonsalmenkatu 17",
        actor=actors.of_user(seller),
    )


def url(name, *args):
    return reverse(f"admin:communications_meeting_{name}", args=args)


def asked(**changes):
    day = timezone.localdate() + timedelta(days=3)
    values = {
        "meeting-title": "Demo",
        "meeting-day": day.isoformat(),
        "meeting-starts": "09:30",
        "meeting-ends": "",
    }
    return values | {f"meeting-{name}": value for name, value in changes.items()}


def test_a_meeting_arranged_on_a_persons_page_is_in_finnish_time(
    anna, seller, client_of
):
    answer = client_of(seller).post(
        url("arrange", "contact", anna.pk), asked(), headers={"hx-request": "true"}
    )
    assert "Demo" in answer.content.decode()
    meeting = Meeting.objects.get()
    starts = timezone.localtime(meeting.starts_at)
    assert (starts.hour, starts.minute) == (9, 30)
    assert meeting.finishes_at - meeting.starts_at == HOUR
    assert [row.contact for row in meeting.participants.all()] == [anna]
    assert (meeting.responsible, meeting.state) == (seller, State.PLANNED)
    trail = AuditEntry.objects.filter(action="meeting.arranged", subject_id=anna.pk)
    assert trail.count() == 1


def test_a_meeting_of_a_company_stands_on_its_page_and_needs_nobody(
    company, seller, client_of
):
    client = client_of(seller)
    client.post(url("arrange", "company", company.pk), asked(title="Yearly talk"))
    page = client.get(reverse("admin:contacts_company_change", args=[company.pk]))
    assert "Yearly talk" in page.content.decode()
    assert not MeetingParticipant.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "nul\0"},
        {"title": "hetu 131052-308T"},
        {"title": "x" * 201},
        {"ends": "09:00"},
        {"day": "2099-01-01"},
        {"day": "0001-01-01"},
        {"day": "not a day"},
        {"starts": "25:00"},
        {"link": "javascript:alert(1)"},
        {"link": "http://unsafe.example/"},
        {"place": "two\nlines"},
    ],
)
def test_a_faulty_meeting_is_refused_and_nothing_is_kept(
    anna, seller, client_of, changes
):
    answer = client_of(seller).post(
        url("arrange", "contact", anna.pk),
        asked(**changes),
        headers={"hx-request": "true"},
    )
    assert answer.status_code in (200, 400)
    assert not Meeting.objects.exists()


def test_what_is_over_was_held_and_what_is_to_come_was_not(anna, seller, demo):
    actor = actors.of_user(seller)
    past = meetings.arrange(
        anna,
        title="Coffee",
        starts_at=timezone.now() - 2 * HOUR,
        finishes_at=timezone.now() - HOUR,
        actor=actor,
    )
    assert past.state == State.HELD
    with pytest.raises(DomainError, match="not begun"):
        meetings.close(demo, state=State.HELD, actor=actor)
    demo.refresh_from_db()
    assert demo.state == State.PLANNED


def test_closing_twice_is_recorded_once_and_it_can_be_planned_again(
    demo, seller, client_of
):
    client = client_of(seller)
    for _ in range(2):
        client.post(url("close", demo.pk), {"action": "cancelled"})
    assert AuditEntry.objects.filter(action="meeting.cancelled").count() == 1
    client.post(url("close", demo.pk), {"action": "planned"})
    demo.refresh_from_db()
    assert (demo.state, demo.revision) == (State.PLANNED, 2)
    assert client.post(url("close", demo.pk), {"action": "lost"}).status_code == 404


def test_the_page_changes_texts_and_who_takes_part(
    demo, anna, bruno, seller, agent, client_of
):
    client = client_of(seller)
    form = asked(title="Demo 2", agenda="Prices", minutes="Agreed")
    client.post(url("show", demo.pk), {**form, "action": "save"})
    chosen = {
        "people-contacts": [str(anna.pk), str(bruno.pk)],
        "people-colleagues": [str(agent.pk)],
    }
    client.post(url("show", demo.pk), {**chosen, "action": "people"})
    page = client.get(url("show", demo.pk)).content.decode()
    for words in ("Demo 2", "Agreed", "Anna Virtanen", agent.get_full_name()):
        assert words in page
    assert demo.participants.count() == 2
    mine = client_of(agent).get(reverse("admin:communications_followup_mine"))
    assert "Demo 2" in mine.content.decode()


@pytest.mark.parametrize("key", ["x", "00000000-0000-4000-8000-000000000000", "nul\0"])
def test_nobody_unknown_takes_part(demo, anna, seller, client_of, key):
    answer = client_of(seller).post(
        url("show", demo.pk), {"people-contacts": [key], "action": "people"}
    )
    assert answer.status_code in (200, 400)
    assert [row.contact for row in demo.participants.all()] == [anna]


def test_a_meeting_of_a_person_does_not_lose_its_last_one(demo, anna, seller):
    with pytest.raises(DomainError, match="Somebody has to take part"):
        meetings.set_people(
            demo, contacts=[], colleagues=[], actor=actors.of_user(seller)
        )
    assert [row.contact for row in demo.participants.all()] == [anna]


def test_a_colleague_whose_role_sees_no_notes_is_not_asked_along(
    demo, anna, seller, stranger
):
    with pytest.raises(DomainError, match="whose role sees notes"):
        meetings.set_people(
            demo,
            contacts=[anna.pk],
            colleagues=[stranger.pk],
            actor=actors.of_user(seller),
        )
    assert not demo.colleagues.exists()


@pytest.mark.parametrize("name", ["auditor", "administrator", "stranger"])
def test_who_sees_no_notes_sees_no_meeting_anywhere(
    demo, anna, client_of, request, name
):
    client = client_of(request.getfixturevalue(name))
    for address in (
        url("changelist"),
        url("change", demo.pk),
        url("show", demo.pk),
        url("calendar", demo.pk),
    ):
        assert client.get(address).status_code in (302, 403), address
    for address in (url("close", demo.pk), url("arrange", "contact", anna.pk)):
        assert client.post(address, {"action": "cancelled"}).status_code in (302, 403)
    demo.refresh_from_db()
    assert (demo.state, Meeting.objects.count()) == (State.PLANNED, 1)


def test_two_rows_of_one_person_show_the_person_once(demo, anna, seller, client_of):
    MeetingParticipant.objects.create(meeting=demo, contact=anna)
    client = client_of(seller)
    page = client.get(reverse("admin:contacts_contact_page", args=[anna.pk]))
    # Above the timeline, and on it.
    assert page.content.decode().count("Demo, part 1") == 2
    meeting_page = client.get(url("show", demo.pk)).content.decode()
    assert meeting_page.count(f"{anna.pk}/page/") == 1


def test_a_calendar_gets_what_when_and_where_but_nothing_of_people(
    demo, seller, client_of
):
    meetings.change(
        demo,
        actor=actors.of_user(seller),
        title="Ääni; \\ hinta, " * 9,
        agenda="Secret agenda",
        link="https://meet.example/a;b",
    )
    answer = client_of(seller).get(url("calendar", demo.pk))
    assert answer["Content-Type"].startswith("text/calendar")
    written = answer.content
    lines = written.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"Secret" not in written
    assert b"Virtanen" not in written
    [event] = icalendar.Calendar.from_ical(written).walk("VEVENT")
    demo.refresh_from_db()
    assert event["SUMMARY"] == demo.title
    assert event["SEQUENCE"] == 1
    assert event.decoded("DTSTART") == demo.starts_at
    assert event["DTSTART"].params["TZID"] == "Europe/Helsinki"
    assert AuditEntry.objects.filter(action="meeting.downloaded").exists()


@pytest.mark.parametrize(
    "starts",
    # The hours before and after the clocks are changed; one of them comes twice.
    ["2026-03-29T00:30", "2026-03-29T01:30", "2026-10-25T00:30", "2026-10-25T01:30"],
)
def test_a_calendar_reads_the_same_instant_around_the_change_of_clocks(starts):
    instant = datetime.fromisoformat(starts).replace(tzinfo=UTC)
    meeting = Meeting(title="x", starts_at=instant, finishes_at=instant + 2 * HOUR)
    [event] = icalendar.Calendar.from_ical(file_of(meeting)).walk("VEVENT")
    assert event.decoded("DTSTART").astimezone(UTC) == instant
    assert event.decoded("DTEND").astimezone(UTC) == instant + 2 * HOUR


def test_a_meeting_that_nobody_closed_stands_on_my_list(demo, seller, client_of):
    Meeting.objects.update(
        starts_at=timezone.now() - 2 * HOUR, finishes_at=timezone.now() - HOUR
    )
    client = client_of(seller)
    address = reverse("admin:communications_followup_mine")
    assert "Was it held?" in client.get(address).content.decode()
    client.post(url("close", demo.pk), {"action": "held", "back": "mine"})
    assert "Demo, part 1" not in client.get(address).content.decode()


def test_a_person_nobody_may_see_stays_in_the_meeting(demo, anna, seller):
    other = make_contact(first_name="Hidden")
    MeetingParticipant.objects.create(meeting=demo, contact=other)
    meetings.set_people(
        demo,
        contacts=[anna.pk],
        colleagues=[],
        besides=[other.pk],
        actor=actors.of_user(seller),
    )
    assert demo.participants.count() == 2


def test_where_somebody_with_a_protected_address_can_be_met_does_not_exist_for_the_web(
    demo, anna, seller
):
    other = meetings.arrange(
        make_contact(first_name="Cecilia"),
        title="Other",
        starts_at=demo.starts_at,
        finishes_at=demo.finishes_at,
        place="Koulukatu 1",
        actor=actors.of_user(seller),
    )
    AddressProtection.objects.create(subject_id=anna.pk, ground="own_request")

    with access.reading_as(seller), as_the_web():
        seen = list(Meeting.objects.values_list("pk", flat=True))

    assert seen == [other.pk]
