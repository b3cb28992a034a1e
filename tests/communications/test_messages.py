"""E-mail to one person: what is sent, what is refused, and that nothing is sent twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from communications.models import Message
from communications.services import follow_ups, messages, reminders
from consent.models import Prohibition
from consent.services import prohibitions
from contacts.models import ContactPoint
from register import actors
from register.errors import DomainError
from register.models import AuditEntry

pytestmark = pytest.mark.django_db
State = Message.State
ADDRESS = "anna.virtanen@esimerkki.example"


def write(contact, user, **changes):
    values = {"address": ADDRESS, "subject": "Tarjous", "body": "Hei!"}
    return messages.queue(contact, **(values | changes), actor=actors.of_user(user))


def prohibit(address):
    prohibitions.add(
        address,
        channel=Prohibition.Channel.EMAIL,
        purpose=Prohibition.Purpose.CUSTOMER,
        method=Prohibition.Method.STAFF,
        actor=actors.system(),
    )


def test_a_mail_is_sent_in_the_name_of_the_colleague_from_the_controllers_address(
    anna, seller, mail_server
):
    message = write(anna, seller, subject="Käyntiaika", body="Hei Anna, näin äö €.")
    assert messages.send_waiting() == 1
    [mail] = mail_server.mails
    assert mail_server.recipients == [ADDRESS]
    assert str(mail["From"]) == "Seller Staff <palvelu@vastuu.example>"
    assert mail["Subject"] == "Käyntiaika"
    assert mail["Message-ID"] == message.message_id
    assert mail.get_content().startswith("Hei Anna, näin äö €.")
    message.refresh_from_db()
    assert message.state == State.SENT
    assert message.sent_at is not None
    assert AuditEntry.objects.filter(action="message.sent", subject_id=anna.pk).exists()


def test_what_was_sent_is_not_sent_again(anna, seller, mail_server):
    write(anna, seller)
    assert [messages.send_waiting(), messages.send_waiting()] == [1, 0]
    assert len(mail_server.mails) == 1


def test_without_a_mail_server_a_sentence_says_so_and_nothing_waits(anna, seller):
    with pytest.raises(DomainError, match="not set up"):
        write(anna, seller)
    assert not Message.objects.exists()


def test_a_worker_killed_after_its_claim_leaves_a_mail_that_nobody_sends_again(
    anna, seller, mail_server
):
    message = write(anna, seller)
    assert messages.claim() == message  # and here it dies
    assert messages.send_waiting() == 0
    Message.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    assert messages.send_waiting() == 0
    message.refresh_from_db()
    assert (message.state, message.reason) == (State.UNCERTAIN, "worker_lost")
    assert mail_server.mails == []


def test_a_prohibition_given_while_a_mail_waits_stops_it_at_the_send(
    anna, seller, mail_server
):
    message = write(anna, seller)
    prohibit(ADDRESS)
    assert messages.send_waiting() == 0
    message.refresh_from_db()
    assert (message.state, message.reason) == (State.REFUSED, "prohibited")
    assert mail_server.mails == []
    with pytest.raises(DomainError, match="has prohibited"):
        messages.try_again(message, actor=actors.of_user(seller))


def test_a_prohibition_given_by_telephone_number_counts_for_every_address(
    anna, seller, mail_server
):
    prohibit("+358401234567")
    with pytest.raises(DomainError, match="has prohibited"):
        write(anna, seller)
    assert not Message.objects.exists()


def test_an_address_that_is_gone_or_comes_back_is_not_written_to(
    anna, bruno, seller, mail_server
):
    with pytest.raises(DomainError, match="no such e-mail address"):
        write(anna, seller, address="bruno.makela@esimerkki.example")
    ContactPoint.objects.filter(contact=anna).update(undeliverable_since=timezone.now())
    with pytest.raises(DomainError, match="comes back"):
        write(anna, seller)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "subject",
    ["Hi\nBcc: all@evil.example", "Hi\r\nX: y", "nul\0", "", "x" * 201, "a\u2028b"],
)
def test_a_subject_that_would_be_a_header_is_refused(
    anna, seller, mail_server, subject
):
    with pytest.raises(DomainError):
        write(anna, seller, subject=subject)
    assert not Message.objects.exists()


def test_international_addresses_and_long_subjects_arrive(anna, seller, mail_server):
    ContactPoint.objects.create(
        contact=anna,
        kind="email",
        value="anna@xn--mkel-ooac.example",
        source="staff",
    )
    subject = "Pitkä otsikko " * 14
    write(anna, seller, address="anna@xn--mkel-ooac.example", subject=subject)
    assert messages.send_waiting() == 1
    assert mail_server.recipients == ["anna@xn--mkel-ooac.example"]
    assert mail_server.mails[0]["Subject"].strip() == subject.strip()


def test_a_temporary_refusal_is_tried_again_later(anna, seller, mail_server):
    message = write(anna, seller)
    mail_server.answer = "451 come back later"
    messages.send_waiting()
    message.refresh_from_db()
    assert message.state == State.QUEUED
    assert message.not_before > timezone.now()
    mail_server.answer = ""
    assert messages.send_waiting() == 0
    Message.objects.update(not_before=timezone.now())
    assert messages.send_waiting() == 1


def test_temporary_refusals_come_to_an_end(anna, seller, mail_server):
    message = write(anna, seller)
    mail_server.answer = "RCPT 450 busy"
    for _number in range(10):
        Message.objects.update(not_before=timezone.now())
        messages.send_waiting()
    message.refresh_from_db()
    assert (message.state, message.tries) == (State.FAILED, 6)


def test_a_refusal_for_good_is_shown_and_can_be_tried_again_by_hand(
    anna, seller, mail_server, client_of
):
    message = write(anna, seller)
    mail_server.answer = "RCPT 550 nobody here"
    messages.send_waiting()
    message.refresh_from_db()
    assert (message.state, message.reason) == (State.FAILED, "550")
    client = client_of(seller)
    page = client.get(reverse("admin:contacts_contact_page", args=[anna.pk]))
    assert "mail server refused it" in page.content.decode()
    mail_server.answer = ""
    client.post(reverse("admin:communications_message_retry", args=[message.pk]))
    assert messages.send_waiting() == 1


def test_a_line_that_breaks_in_the_middle_is_not_tried_again(anna, seller, mail_server):
    message = write(anna, seller)
    mail_server.drops_line = True
    messages.send_waiting()
    mail_server.drops_line = False
    messages.send_waiting()
    message.refresh_from_db()
    assert (message.state, message.reason) == (State.UNCERTAIN, "line_broke")
    assert mail_server.mails == []


def test_a_server_that_is_away_loses_nothing(anna, seller, mail_server, settings):
    message = write(anna, seller)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert messages.send_waiting() == 0
    message.refresh_from_db()
    assert (message.state, message.tries) == (State.QUEUED, 0)
    settings.EMAIL_PORT = port
    assert messages.send_waiting() == 1


def test_a_mail_is_composed_looked_at_and_sent(anna, seller, mail_server, client_of):
    client = client_of(seller)
    url = reverse("admin:communications_message_compose", args=[anna.pk])
    assert "Hello Anna," in client.get(url).content.decode()
    asked = {"address": ADDRESS, "subject": "Offer", "body": "Here it is."}
    preview = client.post(url, {**asked, "action": "preview"}).content.decode()
    assert "This will be sent" in preview
    assert not Message.objects.exists()
    client.post(url, {**asked, "action": "send"})
    message = Message.objects.get()
    assert (message.sender, message.address) == (seller, ADDRESS)


def test_only_who_may_write_messages_finds_the_form(
    anna, marketer, auditor, officer, stranger, client_of, mail_server
):
    url = reverse("admin:communications_message_compose", args=[anna.pk])
    asked = {"address": ADDRESS, "subject": "x", "body": "x", "action": "send"}
    for user in (marketer, auditor, officer, stranger):
        client = client_of(user)
        assert client.get(url).status_code == 403
        assert client.post(url, asked).status_code == 403
    assert not Message.objects.exists()


def test_an_address_of_somebody_else_cannot_be_typed_in(
    anna, bruno, seller, client_of, mail_server
):
    url = reverse("admin:communications_message_compose", args=[anna.pk])
    other = bruno.points.get(kind="email").value
    asked = {"address": other, "subject": "x", "body": "x", "action": "send"}
    assert client_of(seller).post(url, asked).status_code == 200
    assert not Message.objects.exists()


def test_a_reminder_is_mailed_once_and_names_nobody(anna, seller, mail_server):
    follow_ups.add(
        anna,
        what="Call Anna about the debt",
        due_at=timezone.now(),
        remind_at=timezone.now(),
        actor=actors.of_user(seller),
    )
    reminders.remind_due()
    assert [reminders.mail_reminders(), reminders.mail_reminders()] == [1, 0]
    [mail] = mail_server.mails
    assert mail_server.recipients == [seller.email]
    assert "Anna" not in mail.as_string()
    assert "debt" not in mail.as_string()
