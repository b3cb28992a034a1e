"""Service agreements: what a customer uses, who speaks for it, and when that ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    AgreementContact,
    Company,
    Contact,
    Service,
    ServiceAgreement,
)
from contacts.models.agreements import IN_FORCE
from contacts.models.people import Source
from register import audit
from register.actors import Actor
from register.errors import DomainError

audit.register_actions(
    {
        "agreement.begun": _("recorded a service agreement"),
        "agreement.changed": _("changed a service agreement"),
    }
)

# Nobody looks after more people for one agreement.
MOST_PEOPLE = 50


@transaction.atomic
def begin(
    *,
    service: Service,
    company: Company | None = None,
    person: Contact | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    reference: str = "",
    contact_persons: Iterable[Contact] = (),
    source: Source | str = Source.STAFF,
    actor: Actor,
) -> ServiceAgreement:
    """Record that a customer uses a service; the customer is a company or a consumer.

    A company's status follows: it is a customer while an agreement is in force. Raises
    DomainError for no customer or two, and for an end before the beginning.
    """
    agreement = ServiceAgreement(
        service=service,
        company=company,
        person=person,
        reference=reference.strip(),
        starts_on=starts_on or timezone.localdate(),
        source=source,
    )
    return _store(agreement, ends_on, contact_persons, "agreement.begun", actor)


@transaction.atomic
def change(
    agreement: ServiceAgreement,
    *,
    ends_on: date | None,
    contact_persons: Iterable[Contact],
    starts_on: date | None = None,
    reference: str | None = None,
    actor: Actor,
) -> ServiceAgreement:
    """Set the dates, the number and the contact persons of an agreement.

    From its end on runs the period for which the history of the service is kept (N7.4).
    """
    locked = ServiceAgreement.objects.select_for_update(of=("self",)).get(
        pk=agreement.pk
    )
    locked.starts_on = starts_on or locked.starts_on
    if reference is not None:
        locked.reference = reference.strip()
    return _store(locked, ends_on, contact_persons, "agreement.changed", actor)


def set_status(company_ids: Iterable[object], *, on: date | None = None) -> None:
    """Let the status of companies follow their agreements, where they have any."""
    on = on or timezone.localdate()
    companies = Company.objects.filter(pk__in=list(company_ids))
    for company in companies.select_for_update(no_key=True).order_by("pk"):
        found = status_by_agreements(company, on=on)
        if found and found != (company.status, company.status_since):
            company.status, company.status_since = found
            company.save(update_fields=["status", "status_since", "updated_at"])


def status_by_agreements(
    company: Company, *, on: date | None = None
) -> tuple[str, date] | None:
    """Return the status and since when, or None for a company without agreements."""
    on = on or timezone.localdate()
    agreements = ServiceAgreement.objects.filter(company=company, starts_on__lte=on)
    in_force = agreements.filter(Q(ends_on=None) | Q(ends_on__gte=on))
    found = agreements.aggregate(last=Max("ends_on"))
    begun = in_force.aggregate(first=Min("starts_on"))["first"]
    if begun is not None:
        return Company.Status.CUSTOMER, begun
    if found["last"] is not None:
        return Company.Status.FORMER, found["last"] + timedelta(days=1)
    return None


def follow_ended(*, on: date | None = None) -> int:
    """Renew the status of companies whose agreement began or ended this week; count them.

    No write tells of it: the day comes. A week makes up for a worker that stood still.
    """
    on = on or timezone.localdate()
    week = on - timedelta(days=7)
    turned = ServiceAgreement.objects.filter(
        Q(ends_on__gte=week, ends_on__lt=on) | Q(starts_on__gt=week, starts_on__lte=on),
        company__isnull=False,
    )
    companies = set(turned.values_list("company_id", flat=True))
    with transaction.atomic():
        set_status(companies, on=on)
    return len(companies)


def _store(
    agreement: ServiceAgreement,
    ends_on: date | None,
    contact_persons: Iterable[Contact],
    action: str,
    actor: Actor,
) -> ServiceAgreement:
    if (agreement.company is None) == (agreement.person is None):
        raise DomainError(
            "agreement_customer", _("Name the customer: a company, or a consumer.")
        )
    agreement.ends_on = ends_on
    agreement.ended_at = ended_at(ends_on)
    try:
        agreement.full_clean()
    except ValidationError as error:
        raise DomainError("agreement_invalid", " ".join(error.messages)) from None
    agreement.save()
    people = list(dict.fromkeys(contact_persons))
    if len(people) > MOST_PEOPLE:
        raise DomainError(
            "agreement_people", _("That is too many contact persons for one agreement.")
        )
    agreement.contact_persons.exclude(contact__in=people).delete()
    AgreementContact.objects.bulk_create(
        [AgreementContact(agreement=agreement, contact=person) for person in people],
        ignore_conflicts=True,
    )
    if agreement.company_id:
        set_status([agreement.company_id])
    audit.record(action, actor=actor, obj=agreement)
    return agreement


def ended_at(ends_on: date | None) -> datetime:
    """Return the instant at which the last day is over in Finland; IN_FORCE for none."""
    if ends_on is None:
        return IN_FORCE
    return timezone.make_aware(datetime.combine(ends_on + timedelta(days=1), time.min))
