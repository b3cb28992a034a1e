"""The column that says to whom mail came back."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.services.imports.targets import (
    Flagged,
    Target,
    read_whether_happened,
    register_target,
)
from register import audit
from register.actors import Actor

audit.register_actions(
    {"contact.email_undeliverable": _("learnt that mail to an address comes back")}
)

_MARK = """
    UPDATE contacts_contactpoint SET undeliverable_since = now()
    WHERE kind = 'email' AND value = ANY(%s) AND undeliverable_since IS NULL
    RETURNING contact_id
"""


def mark(people: Sequence[Flagged], actor: Actor) -> int:
    """Mark the addresses of these rows, whoever has them; return how many were new.

    Only addresses that stand in the rows: a person's other addresses may well work.
    """
    emails = {email for person in people for email in person.row_emails}
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [sorted(emails)])
        marked = [row[0] for row in cursor.fetchall()]
    label = Contact._meta.label_lower
    audit.record_many(
        [
            audit.entry_values(
                "contact.email_undeliverable",
                actor=actor,
                object_type=label,
                object_id=pk,
                subject_id=pk,
            )
            for pk in dict.fromkeys(marked)
        ]
    )
    return len(marked)


def register() -> None:
    """Make the column known."""
    register_target(TARGET)


TARGET = Target(
    "email_undeliverable",
    _("Mail to the address comes back"),
    read_whether_happened,
    may_repeat=True,
    apply=mark,
    counted_as="undeliverable",
)
