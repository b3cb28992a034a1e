"""Writing to a person by e-mail: queueing, claiming, sending, trying again.

At most once: a worker claims a row by its state, in a transaction of its own, before
it opens its mouth. If it is killed after that, the row says that nobody knows, and a
person decides. Only what the server certainly did not accept is tried again.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communications.models import Message
from communications.permission import may_write_to
from communications.services.notes import clean
from contacts import information_duty
from contacts.information_letter import letter_to
from contacts.models import Contact, InformationGiven
from contacts.services import information
from register import actors, audit
from register.actors import Actor
from register.clocks import steady_now
from register.datamap.graph import graph
from register.errors import DomainError
from register.outbound import mail

logger = logging.getLogger(__name__)

audit.register_actions(
    {
        "message.queued": _("wrote an e-mail"),
        "message.sent": _("sent an e-mail"),
        "message.refused": _("did not send an e-mail: the person refuses it"),
        "message.failed": _("could not send an e-mail"),
        "message.uncertain": _("does not know whether an e-mail was sent"),
        "message.tried_again": _("had an e-mail tried again"),
    }
)
audit.register_looks(audit.Look.HANDED_OUT, "message.sent")

State = Message.State
# One connection for so many.
BATCH = 100
# After so many temporary refusals, and so long apart, it has failed.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))
# A worker that has had a message for longer than a mail takes is dead.
IN_HAND = timedelta(minutes=10)


@transaction.atomic
def queue(
    contact: Contact,
    *,
    address: str,
    subject: str,
    body: str,
    kind: Message.Kind = Message.Kind.PERSONAL,
    carries_information: bool = False,
    actor: Actor,
) -> Message:
    """Queue a mail; a worker sends it. Raises DomainError if it must not be written."""
    mail.require_set_up()
    decision = may_write_to(contact, address)
    if not decision.is_allowed:
        raise DomainError(decision.code, decision.reason, field="address")
    message = Message(
        contact=contact,
        sender=actor.user,
        kind=kind,
        address=address,
        subject=subject.strip(),
        body=body.strip(),
        carries_information=carries_information or information_duty.is_open(contact),
        message_id=mail.new_message_id(),
    )
    if any(not letter.isprintable() for letter in message.subject):
        raise DomainError(
            "subject_lines", _("Write the subject in one line."), field="subject"
        )
    clean(message)
    message.save()
    audit.record(
        "message.queued", actor=actor, obj=message, subject_id=contact.pk, kind=kind
    )
    transaction.on_commit(_wake, robust=True)
    return message


@transaction.atomic
def try_again(message: Message, *, actor: Actor) -> Message:
    """Queue what was not sent once more, because a person says so.

    Raises DomainError for what waits, is in hand or was sent.
    """
    mail.require_set_up()
    locked = Message.objects.select_for_update().filter(pk=message.pk).first()
    if locked is None or locked.state not in (
        State.FAILED,
        State.REFUSED,
        State.UNCERTAIN,
    ):
        raise DomainError("not_to_be_sent_again", _("This message is not to be sent."))
    decision = may_write_to(locked.contact, locked.address)
    if not decision.is_allowed:
        raise DomainError(decision.code, decision.reason)
    locked.state, locked.reason, locked.tries = State.QUEUED, "", 0
    locked.not_before = timezone.now()
    locked.claimed_at = None
    # Another mail than the first, which may have arrived after all.
    locked.message_id = mail.new_message_id()
    locked.save()
    _record("message.tried_again", locked, actor)
    transaction.on_commit(_wake, robust=True)
    return locked


def send_waiting() -> int:
    """Send what waits, over one connection; return how many left."""
    give_up_lost()
    if not mail.is_set_up() or _next().first() is None:
        return 0
    sent = 0
    with contextlib.suppress(mail.NotSentNow), mail.connected() as connection:
        for _number in range(BATCH):
            message = claim()
            if message is None:
                break
            is_sent, goes_on = _send(message, connection)
            sent += is_sent
            if not goes_on:
                break
    return sent


@transaction.atomic
def claim() -> Message | None:
    """Take the next message in hand, if its person may still be written to.

    Returns None when none is left. From the commit on, it is this worker's.
    """
    while (message := _next().select_for_update(skip_locked=True).first()) is not None:
        decision = may_write_to(message.contact, message.address)
        if decision.is_allowed:
            message.state, message.claimed_at = State.SENDING, steady_now()
            message.tries += 1
            message.save(update_fields=["state", "claimed_at", "tries"])
            return message
        _end(message, State.REFUSED, reason=decision.code)
    return None


def give_up_lost() -> int:
    """Say of what a dead worker had in hand that nobody knows; return how many."""
    lost = Message.objects.filter(
        state=State.SENDING, claimed_at__lt=steady_now() - IN_HAND
    )
    count = 0
    for pk in list(lost.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            message = lost.select_for_update(skip_locked=True).filter(pk=pk).first()
            if message is not None:
                _end(message, State.UNCERTAIN, reason="worker_lost")
                count += 1
    return count


def _next() -> QuerySet[Message]:
    return Message.objects.filter(
        state=State.QUEUED, not_before__lte=steady_now()
    ).order_by("not_before", "pk")


def _send(message: Message, connection: mail.Connection) -> tuple[bool, bool]:
    """Hand a claimed message over; return whether it left, and whether to go on."""
    try:
        connection.send(as_mail(message))
    except mail.NotSentNow:
        with transaction.atomic():
            if message.tries > len(PAUSES):
                _end(message, State.FAILED, reason="server_away")
            else:
                message.state = State.QUEUED
                message.not_before = steady_now() + PAUSES[message.tries - 1]
                message.save(update_fields=["state", "not_before"])
        return False, False
    except mail.Refused as error:
        with transaction.atomic():
            _end(message, State.FAILED, reason=str(error.code))
        return False, True
    except mail.Uncertain:
        with transaction.atomic():
            _end(message, State.UNCERTAIN, reason="line_broke")
        return False, False
    with transaction.atomic():
        message.sent_at = timezone.now()
        _end(message, State.SENT)
        if message.carries_information:
            information.fulfil(
                message.contact,
                how=InformationGiven.How.EMAIL,
                evidence=f"Message-ID {message.message_id}, {graph().revision}",
                actor=actors.of_user(message.sender)
                if message.sender
                else actors.system(),
            )
    return True, True


def as_mail(message: Message) -> mail.Mail:
    """Return what goes to the server.

    The first mail to a person whose data came from elsewhere carries the information
    letter, as it is at that moment.
    """
    body = message.body
    if message.carries_information and message.kind == Message.Kind.PERSONAL:
        body = f"{body}\n\n{'-' * 60}\n\n{letter_to(message.contact).as_text()}"
    name = message.sender.get_full_name() if message.sender else ""
    return mail.Mail(
        to=message.address,
        subject=message.subject,
        body=body,
        message_id=message.message_id,
        sender_name=name,
        is_automatic=message.kind == Message.Kind.INFORMATION,
    )


def _end(message: Message, state: State, *, reason: str = "") -> None:
    message.state, message.reason = state, reason
    message.save(update_fields=["state", "reason", "sent_at"])
    _record(f"message.{state}", message, actors.system("customer_relationship"))


def _record(action: str, message: Message, actor: Actor) -> None:
    audit.record(action, actor=actor, obj=message, subject_id=message.contact_id)


def _wake() -> None:
    from communications.tasks import send_messages

    send_messages.apply_async(retry=False)
