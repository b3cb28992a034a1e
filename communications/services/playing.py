"""Playing recordings: who, why, and for how long the browser may fetch the sound."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communications.models import Recording
from register import audit
from register.activities import ACTIVITIES, Activity
from register.actors import Actor
from register.errors import DomainError
from register.models import User

audit.register_actions({"recording.played": _("played a recording")})
audit.register_looks(audit.Look.PLAYED, "recording.played")

# Recordings are made for customer support. Beyond that they are listened to only to
# answer the person, or to show that the data is used lawfully (GDPR Art. 5(1)(b)).
PURPOSES = ("customer_support", "data_subject_rights", "accountability")
TOKEN_TIME = timedelta(minutes=10)
SALT = "communications.playing"


def purposes() -> list[Activity]:
    """The purposes for which a recording may be played."""
    return [ACTIVITIES[code] for code in PURPOSES]


@transaction.atomic
def start(recording: Recording, *, purpose: str, actor: Actor) -> str:
    """Record that somebody plays a recording, and return the token for its sound.

    Refuses with DomainError a purpose for which recordings are not played. Whether the
    actor may hear recordings at all, the screen has asked.
    """
    if purpose not in PURPOSES:
        raise DomainError(
            "purpose_missing", _("Choose what you play the recording for.")
        )
    audit.record(
        "recording.played",
        actor=actor.with_purpose(purpose),
        obj=recording,
        subject_id=recording.call.contact_id,
    )
    assert actor.user is not None  # noqa: S101 - only staff play recordings
    return token_for(recording, actor.user)


def token_for(recording: Recording, user: User, *, at: datetime | None = None) -> str:
    """Return a signed text that lets ``user`` fetch the sound of ``recording``.

    It lasts ten minutes and as long as the call: a browser fetches a long recording
    piece by piece while it plays.
    """
    length = recording.call.ended_at - recording.call.started_at
    until = (at or timezone.now()) + TOKEN_TIME + length
    return signing.dumps(
        [recording.pk, str(user.pk), int(until.timestamp())], salt=SALT
    )


def is_valid(
    token: str, recording: Recording, user: User, *, at: datetime | None = None
) -> bool:
    """Whether the token was given to this user for this recording and is in time."""
    try:
        number, user_id, until = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return False
    now = (at or timezone.now()).timestamp()
    return bool(number == recording.pk and user_id == str(user.pk) and now < until)
