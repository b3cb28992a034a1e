"""A meeting as a file for calendars (RFC 5545), in the time of Finland.

It says what, when and where, and nothing of people, agenda or minutes: calendars are
copied to telephones and clouds, from where nobody erases.
"""

from __future__ import annotations

from datetime import UTC

from icalendar import Calendar, Event, Timezone

from communications.models import Meeting
from register.periods import HELSINKI

STATUS = {
    Meeting.State.PLANNED: "CONFIRMED",
    Meeting.State.HELD: "CONFIRMED",
    Meeting.State.CANCELLED: "CANCELLED",
}


def file_of(meeting: Meeting) -> bytes:
    """Return the file; the library escapes texts and folds lines of over 75 octets."""
    starts = meeting.starts_at.astimezone(HELSINKI)
    finishes = meeting.finishes_at.astimezone(HELSINKI)
    if starts.fold or finishes.fold:
        # The hour that comes twice in October: local time means the first (RFC 5545).
        starts, finishes = starts.astimezone(UTC), finishes.astimezone(UTC)
    calendar = Calendar()
    calendar.add("prodid", "-//Seloste//Meetings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(
        Timezone.from_tzinfo(
            HELSINKI,
            first_date=starts.date().replace(month=1, day=1),
            last_date=finishes.date().replace(month=12, day=31),
        )
    )
    event = Event()
    event.add("uid", f"{meeting.uid}@seloste")
    event.add("dtstamp", meeting.changed_at.astimezone(UTC))
    event.add("last-modified", meeting.changed_at.astimezone(UTC))
    event.add("sequence", meeting.revision)
    event.add("dtstart", starts)
    event.add("dtend", finishes)
    event.add("summary", meeting.title)
    if meeting.place or meeting.link:
        event.add("location", meeting.place or meeting.link)
    if meeting.link:
        event.add("url", meeting.link)
    event.add("status", STATUS[Meeting.State(meeting.state)])
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written
