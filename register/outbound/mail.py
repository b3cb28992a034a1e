"""Sending mail: the only module that may. Off until ``EMAIL_URL`` and ``MAIL_FROM`` are set.

A mail is handed to the server at most once by each call. What became of it is told
apart by three errors: :class:`NotSentNow` (nothing was accepted, try again),
:class:`Refused` (the server will not have it) and :class:`Uncertain` (the line broke
while it was handed over: it must not be tried again by itself).
"""

from __future__ import annotations

import contextlib
import dataclasses
import smtplib
from collections.abc import Iterator
from email.headerregistry import Address
from email.utils import make_msgid

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import gettext_lazy as _

from register.errors import DomainError

# Longer ones are folded by servers or cut by readers; RFC 5322 wants lines below 998.
LONGEST_SUBJECT = 200


class NotSentNow(Exception):
    """The server cannot be reached or asks to come back later; nothing was accepted."""


class Refused(Exception):
    """The server will not take this mail. ``code`` is its SMTP reply code."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Uncertain(Exception):
    """The connection broke while the mail was handed over."""


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    content_type: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one address, as plain text."""

    to: str
    subject: str
    body: str
    message_id: str
    sender_name: str = ""
    attachments: tuple[Attachment, ...] = ()
    # No "out of office" in answer to what a machine wrote (RFC 3834).
    is_automatic: bool = False


def is_set_up() -> bool:
    """Whether this installation sends mail."""
    return bool(settings.MAIL_IS_SET_UP)


def require_set_up() -> None:
    """Raise DomainError, with a sentence for people, if no mail can be sent."""
    if not is_set_up():
        raise DomainError(
            "mail_not_set_up",
            _(
                "Mail is not set up in this register. An administrator sets EMAIL_URL and MAIL_FROM."
            ),
        )


def new_message_id() -> str:
    """Return a Message-ID that no other mail has."""
    return make_msgid(domain=settings.MAIL_FROM.rpartition("@")[2] or "localhost")


def sender(name: str = "") -> str:
    """Return the From line: the controller's address, in somebody's name."""
    clean = " ".join(name.split())
    return str(Address(display_name=clean, addr_spec=settings.MAIL_FROM))


@contextlib.contextmanager
def connected() -> Iterator[Connection]:
    """Open one connection for several mails. Raises NotSentNow if there is none."""
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise NotSentNow from error
    try:
        yield Connection(connection)
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            connection.close()


class Connection:
    """A connection to the mail server."""

    def __init__(self, connection: BaseEmailBackend) -> None:
        self._connection = connection

    def send(self, mail: Mail) -> None:
        """Hand one mail over. Raises one of the three errors of this module.

        After :class:`Uncertain` or :class:`NotSentNow` the connection is of no use.
        """
        headers = {"Message-ID": mail.message_id}
        if mail.is_automatic:
            headers["Auto-Submitted"] = "auto-generated"
        message = EmailMessage(
            subject=mail.subject,
            body=mail.body,
            from_email=sender(mail.sender_name),
            to=[mail.to],
            headers=headers,
            attachments=[
                (file.name, file.content, file.content_type)
                for file in mail.attachments
            ],
            connection=self._connection,
        )
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            code = max((reply[0] for reply in error.recipients.values()), default=550)
            raise _by_code(code) from error
        except smtplib.SMTPResponseException as error:
            raise _by_code(error.smtp_code) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(553) from error
        except ValueError as error:  # an address or header that no mail can have
            raise Refused(501) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Uncertain from error


def _by_code(code: int) -> Exception:
    """A reply of the 400s asks to come back; what has another one will not be taken."""
    return NotSentNow() if 400 <= code < 500 else Refused(code)
