"""Taking in calls and their recordings."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from communications.models import Call, Recording
from communications.services import arrival
from communications.services.participants import Person, resolve
from contacts import normal_forms
from contacts.models.people import Source
from register import audit
from register.actors import Actor
from register.errors import Conflict
from register.files import ReceivedFile
from register.models import User

audit.register_actions(
    {
        "call.recorded": _("took in a call"),
        "recording.stored": _("stored a recording"),
    }
)


@transaction.atomic
def record_call(
    *,
    direction: Call.Direction | str,
    started_at: datetime,
    ended_at: datetime,
    actor: Actor,
    number: str = "",
    caller: Person | None = None,
    external_id: str = "",
    agent: User | None = None,
    source: Source = Source.API,
) -> Call:
    """Take in that a call took place.

    ``caller`` is the person at the other end, in either direction. Where nothing else is
    told of them, the number is. A call without any of it belongs to nobody. Refuses with
    DomainError: times that cannot be, a call whose period is over (``past_retention``),
    an unknown contact; with Conflict a number of the telephone system used before.
    """
    arrival.check_times(started_at, ended_at)
    arrival.check_not_over(Call, ended_at)
    number = normal_forms.phone(number) if number else ""
    person = caller or Person()
    if not (person.contact_id or person.has_address):
        person = Person(
            phone=number, first_name=person.first_name, last_name=person.last_name
        )
    [contact] = resolve([person], source=source, field="caller", actor=actor)
    call = Call(
        external_id=external_id,
        contact=contact,
        direction=direction,
        number=number or (normal_forms.phone(person.phone) if person.phone else ""),
        started_at=started_at,
        ended_at=ended_at,
        agent=agent,
    )
    arrival.clean(call)
    with arrival.storing({"call_external_id": arrival.external_id_taken()}):
        call.save(force_insert=True)
        call.refresh_from_db(fields=["ends_at"])
    audit.record(
        "call.recorded",
        actor=actor,
        obj=call,
        subject_id=contact.pk if contact else None,
    )
    return call


@transaction.atomic
def attach_recording(
    call: Call, received: ReceivedFile, content_type: str, actor: Actor
) -> Recording:
    """Give a call its recording; the stored file belongs to the row from here on.

    The caller discards the file if this raises. Refuses with Conflict a second
    recording and a call that is gone, with DomainError a call whose recording would
    be past its period.
    """
    locked = Call.objects.select_for_update(no_key=True).filter(pk=call.pk).first()
    if locked is None:
        raise Conflict("call_gone", _("The call has been deleted meanwhile."))
    arrival.check_not_over(Recording, locked.ended_at, field="")
    if Recording.objects.filter(call=locked).exists():
        raise recording_exists()
    recording = Recording(
        call=locked,
        file=received.path,
        content_type=content_type,
        size=received.size,
        sha256=received.sha256,
        call_ended_at=locked.ended_at,
    )
    arrival.clean(recording)
    once = {"communications_recording_call_id_key": recording_exists()}
    with arrival.storing(once, field=""):
        recording.save(force_insert=True)
        recording.refresh_from_db(fields=["ends_at"])
    received.keep()
    audit.record(
        "recording.stored",
        actor=actor,
        obj=recording,
        subject_id=locked.contact_id,
        sha256=received.sha256,
    )
    return recording


def recording_exists() -> Conflict:
    """Return the refusal of a second recording."""
    return Conflict(
        "recording_exists",
        _("The call has its recording already. It cannot be replaced."),
    )
