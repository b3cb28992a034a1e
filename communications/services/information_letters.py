"""Sending the information letter (GDPR Art. 14) to many people by e-mail.

A job walks over those who are still to be told. Whoever has a letter waiting or sent is
left out, so a job that is started again sends nothing twice. That a person was told is
kept when the mail server has taken the letter (``messages``).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from communications.models import Message
from communications.permission import may_write_to
from communications.services import messages
from contacts import information_duty
from contacts.information_letter import letter_to
from contacts.models import Contact, ContactPoint
from register import actors
from register.actors import Actor
from register.errors import DomainError
from register.models import Job
from register.outbound import mail
from register.services import jobs
from register.services.jobs import Progress

KIND = "information_letters"
CHUNK = 200
# Those who have a letter on its way, or one of which nobody knows.
UNDER_WAY = (
    Message.State.QUEUED,
    Message.State.SENDING,
    Message.State.SENT,
    Message.State.UNCERTAIN,
)


def order(which: str, *, actor: Actor) -> Job:
    """Have the letter sent to all of a list: ``overdue`` or ``all``."""
    mail.require_set_up()
    if which not in ("overdue", "all"):
        raise DomainError("unknown_list", _("There is no such list."))
    return jobs.order(KIND, object_id=which, actor=actor)


def waiting(which: str) -> QuerySet[Contact]:
    """Whoever is to be told and has no letter under way, the most urgent first."""
    people = (
        information_duty.overdue()
        if which == "overdue"
        else information_duty.open_duties()
    )
    letters = Message.objects.filter(
        Q(kind=Message.Kind.INFORMATION) | Q(carries_information=True),
        contact=OuterRef("pk"),
        state__in=UNDER_WAY,
    )
    return people.filter(~Exists(letters))


@jobs.register_kind(KIND, _("Sending information letters"))
def send(object_id: str, progress: Progress) -> dict[str, int]:
    """Queue a letter to everybody on the list; started again, it goes on."""
    user = progress.job.created_by
    actor = actors.of_user(user) if user else actors.system()
    found: Counter[str] = Counter()
    progress.start(waiting(object_id).order_by().count())
    for done, contact in enumerate(_each(object_id), start=1):
        found[send_one(contact, actor=actor)] += 1
        if done % 20 == 0:
            progress.advance(done)
    return dict(found)


def send_one(contact: Contact, *, actor: Actor) -> str:
    """Queue a letter to one person; return ``queued``, or the code of why not."""
    address, code = address_of(contact)
    if not address:
        return code
    letter = letter_to(contact)
    try:
        messages.queue(
            contact,
            address=address,
            subject=letter.title,
            body=letter.as_text(),
            kind=Message.Kind.INFORMATION,
            carries_information=True,
            actor=actor,
        )
    except DomainError as error:
        return error.code
    return "queued"


def address_of(contact: Contact) -> tuple[str, str]:
    """Return the e-mail address a letter may go to, or "" and the code of why not."""
    code = "no_address"
    points = contact.points.filter(kind=ContactPoint.Kind.EMAIL)
    for point in points.order_by("-is_primary", "pk"):
        decision = may_write_to(contact, point.value)
        if decision.is_allowed:
            return point.value, ""
        code = decision.code
    return "", code


def _each(which: str) -> Iterator[Contact]:
    """Yield each person once: a letter that is not queued leaves the person waiting."""
    obtained = information_duty.OBTAINED
    after: tuple[object, uuid.UUID] | None = None
    while True:
        people = waiting(which)
        if after is not None:
            at, pk = after
            people = people.filter(
                Q(**{f"{obtained}__gt": at}) | Q(**{obtained: at}, pk__gt=pk)
            )
        chunk = list(people[:CHUNK])
        if not chunk:
            return
        yield from chunk
        after = (getattr(chunk[-1], obtained), chunk[-1].pk)
