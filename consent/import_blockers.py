"""What has been said about contact and speaks against bringing somebody in from a file.

A prohibition marks a row. It keeps a row out where the one who gave it was erased: who
wanted to be gone and not to be contacted is not added again because a list has them.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection
from django.utils.translation import gettext_lazy as _

from consent.hashing import hashes_of_normal
from consent.models import Prohibition
from contacts.services.imports.blockers import Blocker, register_blocker
from contacts.services.imports.reasons import OF_ROWS

ERASED = "erased_with_refusal"
_OF_ERASED = """
    SELECT p.address_hash FROM consent_prohibition p WHERE p.address_hash = ANY(%s)
    AND EXISTS (SELECT 1 FROM register_auditentry a
        WHERE a.subject_id = p.subject_id AND a.action = 'contact.erased')
    AND NOT EXISTS (SELECT 1 FROM contacts_contact c WHERE c.id = p.subject_id)
"""


def prohibited(addresses: Collection[str]) -> set[str]:
    """Return those of some addresses that may not be used for something."""
    owners = _by_hash(addresses)
    found = Prohibition.objects.filter(address_hash__in=list(owners))
    return {owners[digest] for digest in found.values_list("address_hash", flat=True)}


def of_erased(addresses: Collection[str]) -> set[str]:
    """Return those of some addresses whose prohibition was given by somebody erased."""
    owners = _by_hash(addresses)
    with connection.cursor() as cursor:
        cursor.execute(_OF_ERASED, [list(owners)])
        return {owners[row[0]] for row in cursor.fetchall()}


def _by_hash(addresses: Collection[str]) -> dict[str, str]:
    return {
        found.digest: address
        for address in addresses
        for found in hashes_of_normal(address)
    }


OF_ROWS[ERASED] = _(
    "The person was erased and had refused to be contacted, so is not added again."
)
register_blocker(
    Blocker("prohibited", _("Contact is prohibited"), prohibited, keeps_out=False)
)
register_blocker(Blocker(ERASED, OF_ROWS[ERASED], of_erased, keeps_out=True))
