"""Clauses N2, N3.4, N4.8, N4.16 and N7.4: who is in the register, from where, and how long."""

from __future__ import annotations

from dateutil.relativedelta import relativedelta
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import information_duty
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    InferredInterest,
    Interest,
    PostalAddress,
    Profile,
    ServiceAgreement,
)
from contacts.models.people import Source
from contacts.reasons import without_reason
from register.conformance.measures import capped, size_of
from register.conformance.registry import (
    Board,
    Finding,
    judge,
    live_check,
    not_built,
)

WITH_A_SOURCE: tuple[type[models.Model], ...] = (
    Contact,
    ContactPoint,
    PostalAddress,
    Company,
    Affiliation,
    ServiceAgreement,
    Interest,
    InferredInterest,
    Profile,
)
# Nobody's last role may have ended longer ago than a prospect would be kept.
KEPT_AFTER_LAST_ROLE = relativedelta(months=24)
CONTACTS = "admin:contacts_contact_changelist"
COMPANIES = "admin:contacts_company_changelist"


@live_check(
    "people_of_known_kinds",
    "N2.1",
    promise=_(
        "Every person is a customer's contact, a prospect's contact or otherwise known to be related."
    ),
    remedy=_("Correct the relationship on the person's page."),
    link=CONTACTS,
    labels={"of_no_kind": _("Of no kind that the register knows")},
)
def people_of_known_kinds(board: Board) -> Finding:
    """Look for people whose relationship is none of the known ones."""
    odd = Contact.objects.exclude(relationship__in=Contact.Relationship.values)
    return _none(Contact, "of_no_kind", odd)


not_built(
    "users_and_visitors",
    "N2.1",
    what=_(
        "Users of the online services and visitors of the website are not held yet."
    ),
)


@live_check(
    "customers_of_known_kinds",
    "N2.2",
    promise=_(
        "Every customer is a company, a sole trader, a consumer or an association."
    ),
    remedy=_("Correct the kind on the company's page."),
    link=COMPANIES,
    labels={"of_no_kind": _("Of no kind that the register knows")},
)
def customers_of_known_kinds(board: Board) -> Finding:
    """Look for companies whose kind is none of the known ones."""
    odd = Company.objects.exclude(kind__in=Company.Kind.values)
    return _none(Company, "of_no_kind", odd)


not_built(
    "rules_by_kind",
    "N2.2",
    what=_("Marketing by rules that differ by the kind of customer is not built yet."),
)


@live_check(
    "sources_known",
    "N3.4",
    promise=_("Every record of people and companies says where it came from."),
    remedy=_(
        "Find out from the audit trail who wrote the record, and name the source."
    ),
    link=CONTACTS,
    labels={"without_source": _("Without a known source")},
)
def sources_known(board: Board) -> Finding:
    """Look for records whose source is none of the known ones."""
    without, records = {}, []
    for model in WITH_A_SOURCE:
        odd = model._base_manager.exclude(source__in=Source.values)
        if count := capped(odd):
            without[model._meta.label] = count
            records += _keys(model, odd)
    return judge(
        not without,
        rows={model._meta.label: size_of(model) for model in WITH_A_SOURCE},
        without_source=without,
        records=records,
    )


@live_check(
    "contact_persons_current",
    "N7.4",
    promise=_(
        "Nobody is kept whose last role at any customer ended more than 24 months ago."
    ),
    remedy=_(
        "Look whether a reason remains to keep the person; if not, have the data erased."
    ),
    link=CONTACTS,
    labels={"long_ended": _("Last role ended more than 24 months ago")},
)
def contact_persons_current(board: Board) -> Finding:
    """Look for people whose every role has ended, the last one long ago."""
    limit = timezone.localdate(board.at) - KEPT_AFTER_LAST_ROLE
    later = Affiliation.objects.filter(contact=OuterRef("contact")).filter(
        Q(valid_to=None) | Q(valid_to__gte=limit)
    )
    ended = Affiliation.objects.filter(~Exists(later), valid_to__lt=limit)
    people = Contact.objects.filter(pk__in=ended.values("contact"))
    return _none(Contact, "long_ended", people)


@live_check(
    "people_are_told",
    "N3.4",
    promise=_(
        "Whoever's data came from elsewhere is told of it within a month, or when we first speak to them (GDPR Art. 14)."
    ),
    remedy=_("Open the work list and send the information letter to these people."),
    link="admin:contacts_informationgiven_due",
    labels={
        "to_be_told": _("Still to be told"),
        "overdue": _("Of these, after a month or a call"),
    },
)
def people_are_told(board: Board) -> Finding:
    """Look for duties whose last day has passed."""
    late = information_duty.overdue(timezone.localdate(board.at))
    count = capped(late)
    return judge(
        not count,
        rows=size_of(Contact),
        to_be_told=capped(information_duty.open_duties()),
        overdue=count,
        records=[
            (Contact._meta.label, key)
            for key in (late.values_list("pk", flat=True)[:20] if count else ())
        ],
    )


@live_check(
    "kept_for_a_reason",
    "N7.4",
    promise=_(
        "Whoever is kept is a contact person or a recent contact, or uses a service or did while its history is kept."
    ),
    remedy=_(
        "Look whether a reason remains to keep the person; if not, have the data erased."
    ),
    link=CONTACTS,
    labels={"due_for_review": _("Without a known reason: due for review")},
)
def kept_for_a_reason(board: Board) -> Finding:
    """Look for people whom no role, service or recent contact keeps."""
    return _none(Contact, "due_for_review", without_reason(at=board.at))


@live_check(
    "agreements_of_one_customer",
    "N7.4",
    promise=_("Every service agreement is somebody's, a company's or a person's."),
    remedy=_("Find out from the audit trail whose it was, and name the customer."),
    link="admin:contacts_serviceagreement_changelist",
    labels={"of_nobody": _("Of no customer")},
)
def agreements_of_one_customer(board: Board) -> Finding:
    """Look for agreements without a customer, which would keep nobody."""
    odd = ServiceAgreement.objects.filter(company=None, person=None)
    return _none(ServiceAgreement, "of_nobody", odd)


@live_check(
    "conclusions_heed_objections",
    "N4.8",
    promise=_("Nothing is concluded about people who objected to profiling."),
    remedy=_("Delete what was concluded on the form of the person."),
    link=CONTACTS,
    labels={"despite_objection": _("Concluded despite an objection")},
)
def conclusions_heed_objections(board: Board) -> Finding:
    """Look for conclusions about people who objected to them."""
    objected = Profile.objects.filter(objected_at__isnull=False)
    odd = InferredInterest.objects.filter(contact__in=objected.values("contact"))
    return _none(InferredInterest, "despite_objection", odd)


@live_check(
    "classification_is_the_persons",
    "N4.16",
    promise=_("An interest the person named is not counted as concluded, too."),
    remedy=_("Delete the concluded interest on the form of the person."),
    link=CONTACTS,
    labels={"twice": _("Named and concluded")},
)
def classification_is_the_persons(board: Board) -> Finding:
    """Look for interests that stand in both tables."""
    named = Interest.objects.filter(
        contact=OuterRef("contact"), topic=OuterRef("topic")
    )
    return _none(Interest, "twice", InferredInterest.objects.filter(Exists(named)))


def _none(
    model: type[models.Model], name: str, odd: models.QuerySet[models.Model]
) -> Finding:
    count = capped(odd)
    return judge(
        not count,
        rows=size_of(model),
        records=_keys(model, odd) if count else [],
        **{name: count},
    )


def _keys(
    model: type[models.Model], odd: models.QuerySet[models.Model]
) -> list[tuple[str, object]]:
    # Of what is part of a person or belongs to them, the person is shown.
    column = "contact_id" if hasattr(model, "contact") else "pk"
    label = Contact._meta.label if column == "contact_id" else model._meta.label
    keys = odd.order_by().values_list(column, flat=True)[:50]
    return [(label, key) for key in dict.fromkeys(keys)]
