"""A real process that sends mail is killed; nobody gets a mail twice, none is forgotten."""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from communications.models import Message
from communications.services import messages
from register import actors
from register.models import AuditEntry
from register.outbound import mail
from tests.conftest import ensure_seeded, make_contact
from tests.own_process import own_process

pytestmark = pytest.mark.django_db(transaction=True)
State = Message.State


@pytest.fixture
def waiting(transactional_db, seller, mail_server):
    """Six mails to six people."""
    ensure_seeded()
    found = []
    for number in range(6):
        address = f"person{number}@esimerkki.example"
        person = make_contact(first_name=f"Person {number}", email=address)
        found.append(
            messages.queue(
                person,
                address=address,
                subject=f"Number {number}",
                body="Hei!",
                actor=actors.of_user(seller),
            )
        )
    return found


def states():
    return Counter(Message.objects.values_list("state", flat=True))


def arrived(mail_server):
    return Counter(letter["Message-ID"] for letter in mail_server.mails)


def _send_and_die_before_the_next():
    real, sent = mail.Connection.send, []

    def send(connection, letter):
        if len(sent) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        sent.append(letter)
        real(connection, letter)

    mail.Connection.send = send
    messages.send_waiting()


def test_killed_at_any_moment_no_mail_is_sent_twice_and_none_is_forgotten(
    waiting, mail_server
):
    # The server has the second mail whole, and its sender never hears of it.
    with own_process(messages.send_waiting) as sender:
        mail_server.on_mail = lambda: (
            len(mail_server.mails) == 2 and os.kill(sender.pid, signal.SIGKILL)
        )
        assert sender.wait() == -signal.SIGKILL, sender.said()
    mail_server.on_mail = None
    assert states() == {State.SENT: 1, State.SENDING: 1, State.QUEUED: 4}
    # The next one dies with a mail in hand that the server has never seen.
    with own_process(_send_and_die_before_the_next) as sender:
        assert sender.wait() == -signal.SIGKILL, sender.said()
    assert states() == {State.SENT: 2, State.SENDING: 2, State.QUEUED: 2}
    assert len(mail_server.mails) == 3

    assert messages.send_waiting() == 2
    Message.objects.filter(state=State.SENDING).update(
        claimed_at=timezone.now() - timedelta(hours=1)
    )
    assert messages.send_waiting() == 0

    assert states() == {State.SENT: 4, State.UNCERTAIN: 2}
    assert set(arrived(mail_server).values()) == {1}
    # Of both that a person has to decide about, one has arrived and one has not.
    uncertain = Message.objects.filter(state=State.UNCERTAIN)
    known = [arrived(mail_server)[one.message_id] for one in uncertain]
    assert sorted(known) == [0, 1]
    assert AuditEntry.objects.filter(action="message.sent").count() == 4
    assert AuditEntry.objects.filter(action="message.uncertain").count() == 2
