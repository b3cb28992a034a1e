"""The column of every export that says who must not be sent marketing.

Whoever gets the file must not mail them unknowingly; so it cannot be left out.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from consent.hashing import hashes_of
from consent.models import Prohibition
from contacts.models import Affiliation, Company, ContactPoint, Export
from contacts.services.exports.columns import Column, Values, register_column
from register.identifiers import InvalidIdentifier


def _prohibited(keys: Sequence[uuid.UUID]) -> Values:
    """Return the channels that each of these people refuses, in words."""
    owners: dict[str, set[uuid.UUID]] = defaultdict(set)
    points = ContactPoint.objects.filter(contact__in=keys).order_by()
    for key, value in points.values_list("contact", "value"):
        try:
            digests = [found.digest for found in hashes_of(value)]
        except InvalidIdentifier:
            continue  # stored before it was checked; nothing can be sent there
        for digest in digests:
            owners[digest].add(key)
    refused: dict[uuid.UUID, set[str]] = defaultdict(set)
    wanted = set(keys)
    rows = Prohibition.objects.filter(
        Q(address_hash__in=list(owners)) | Q(subject_id__in=keys)
    ).order_by()
    for row in rows:
        people = set(owners.get(row.address_hash, ()))
        if row.subject_id is not None and row.subject_id in wanted:
            people.add(row.subject_id)
        for person in people:
            refused[person].add(str(row.get_channel_display()))
    return {key: ", ".join(sorted(channels)) for key, channels in refused.items()}


def _prohibited_of_companies(keys: Sequence[uuid.UUID]) -> Values:
    """Return it of customers who are people: marketing to them follows the same rules."""
    people: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    roles = Affiliation.objects.filter(
        company__in=keys, company__kind__in=Company.NATURAL_PERSONS
    )
    for company, contact in roles.order_by().values_list("company", "contact"):
        people[contact].add(company)
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    for contact, channels in _prohibited(list(people)).items():
        for company in people[contact]:
            found[company].update(channels.split(", "))
    return {key: ", ".join(sorted(channels)) for key, channels in found.items()}


register_column(
    Column("prohibited", _("must not be sent marketing"), _prohibited, is_always=True)
)
register_column(
    Column(
        "company_prohibited",
        _("must not be sent marketing"),
        _prohibited_of_companies,
        is_always=True,
        content=Export.Content.COMPANIES,
    )
)
