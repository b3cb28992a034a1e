"""Why a person's data is still kept (N7.4), as far as this app knows.

While the person is the contact person of a customer or prospect, or while the history
of a service is kept; a prospect for 24 months. Other apps hold by holds (``register``).
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    Affiliation,
    AgreementContact,
    Company,
    Contact,
    ServiceAgreement,
)
from contacts.selectors import current_affiliations
from register.services import holds

# DESIGN.md §9: the controller's choice for those who are nobody's contact person.
PROSPECTS_KEPT = relativedelta(months=24)


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """A reason to keep somebody's data; ``until`` is None while it has no known end.

    ``code`` is stable; ``obj`` is the company or the agreement it hangs on.
    """

    code: str
    text: str | Promise
    until: date | None = None
    obj: Any = None


def kept_because(contact: Contact, *, at: datetime | None = None) -> list[Reason]:
    """Return every reason, or nothing where the person is due for review."""
    at = at or timezone.now()
    on = timezone.localdate(at)
    reasons = [
        Reason("role", _("Contact person of a company"), role.valid_to, role.company)
        for role in _roles_that_keep(on)
        .filter(contact=contact)
        .select_related("company")
    ]
    own = ServiceAgreement.objects.filter(person=contact)
    named = ServiceAgreement.objects.filter(contact_persons__contact=contact)
    for agreement in (own | named).distinct().select_related("service", "company"):
        reasons.append(_of_agreement(agreement, on))
    seen = {reason.obj.pk for reason in reasons}
    for agreement in _history(contact).exclude(pk__in=seen):
        reasons.append(_of_agreement(agreement, on))
    until = timezone.localdate(contact.collected_at) + PROSPECTS_KEPT
    if until > on:
        reasons.append(Reason("recent", _("Known for less than 24 months"), until))
    reasons += [
        Reason("hold", _("On hold"), None) for _hold in holds.in_force(contact.pk)[:1]
    ]
    return reasons


def without_reason(*, at: datetime | None = None) -> QuerySet[Contact]:
    """People whom nothing of the above keeps: due for review. Holds are not asked."""
    at = at or timezone.now()
    on = timezone.localdate(at)
    me = OuterRef("pk")
    limit = at - PROSPECTS_KEPT
    of_its_companies = Affiliation.objects.filter(
        Exists(ServiceAgreement.objects.filter(company=OuterRef("company"))),
        contact=me,
    )
    return Contact.objects.filter(
        ~Exists(_roles_that_keep(on).filter(contact=me)),
        ~Exists(ServiceAgreement.objects.filter(person=me)),
        ~Exists(AgreementContact.objects.filter(contact=me)),
        ~Exists(of_its_companies),
        created_at__lt=limit,
        collected_at__lt=limit,
    )


def _roles_that_keep(on: date) -> QuerySet[Affiliation]:
    """Present roles at customers and prospects; a former customer keeps nobody."""
    return current_affiliations(on).exclude(company__status=Company.Status.FORMER)


def _history(contact: Contact) -> QuerySet[ServiceAgreement]:
    """Agreements of the companies where the person has or had a role."""
    roles = Affiliation.objects.filter(contact=contact, company=OuterRef("company"))
    return ServiceAgreement.objects.filter(Exists(roles)).select_related(
        "service", "company"
    )


def _of_agreement(agreement: ServiceAgreement, on: date) -> Reason:
    if agreement.ends_on is None or agreement.ends_on >= on:
        return Reason("service", _("Uses a service"), agreement.ends_on, agreement)
    until = timezone.localdate(agreement.ends_at) if agreement.ends_at else None
    return Reason("history", _("History of a service that was used"), until, agreement)
