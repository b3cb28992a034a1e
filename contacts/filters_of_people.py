"""By what the list of people is filtered."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts import information_duty
from contacts.list_filters import Group, ListFilter, Option, register
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPair,
    ContactPoint,
    ContactWord,
    Duty,
    ImportBatch,
    ImportRow,
    InferredInterest,
    Interest,
    Topic,
)
from contacts.models.people import DUTY_OPEN
from contacts.selectors import current_affiliations
from contacts.services.search_words import (
    NO_EMAIL,
    NO_PHONE,
    NO_ROLE,
    mark_of_duty,
)
from register.datamap.vocabulary import Category
from register.models import Team, User

# A choice with more lines than this is no help.
MOST_LISTED = 20
HAS, NONE, UNDELIVERABLE = "yes", "none", "undeliverable"
ME, NOBODY = "me", "nobody"
OPEN, OVERDUE = "open", "overdue"


def as_key(value: str) -> uuid.UUID | None:
    """Return the key that stands in an address."""
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


def as_number(value: str) -> int | None:
    """Return the number that stands in an address."""
    return (
        int(value) if value.isascii() and value.isdigit() and len(value) < 9 else None
    )


def colleagues(reader: Any) -> list[Option]:
    """Return who may be responsible."""
    people = User.objects.filter(is_active=True).order_by("last_name", "first_name")
    return [
        (ME, _("me")),
        (NOBODY, _("nobody")),
        *((str(user.pk), user.get_full_name()) for user in people),
    ]


def responsible(value: str, reader: Any) -> Q | None:
    """The condition that somebody is responsible."""
    if value == ME and isinstance(reader, User):
        return Q(responsible=reader.pk)
    if value == NOBODY:
        return Q(responsible__isnull=True)
    key = as_key(value)
    return None if key is None else Q(responsible=key)


def teams(reader: Any) -> list[Option]:
    """Return all teams."""
    return [(str(pk), name) for pk, name in Team.objects.values_list("pk", "name")]


def team(value: str, reader: Any) -> Q | None:
    """The condition that a team is responsible."""
    number = as_number(value)
    return None if number is None else Q(team=number)


def _marked(word: str) -> Q:
    return Q(pk__in=ContactWord.objects.filter(word=word).order_by().values("contact"))


def _points(kind: str, lacks: str) -> Any:
    def condition(value: str, reader: Any) -> Q | None:
        points = ContactPoint.objects.filter(kind=kind).order_by()
        if value == NONE:
            return _marked(lacks)
        if value == HAS:
            return Q(Exists(points.filter(contact=OuterRef("pk"))))
        if value == UNDELIVERABLE:
            bad = points.filter(undeliverable_since__isnull=False)
            return Q(pk__in=bad.values("contact"))
        return None

    return condition


def _reach(kind: str, title: Any, lacks: str) -> ListFilter:
    return ListFilter(
        Contact,
        f"has_{kind}",
        title,
        Group.REACH,
        options=lambda reader: [
            (HAS, _("has one")),
            (NONE, _("has none")),
            (UNDELIVERABLE, _("does not work")),
        ],
        condition=_points(kind, lacks),
        fields=((ContactPoint, "value", kind),),
        clear=((ContactPoint, "undeliverable_since"),),
    )


def _roles(**conditions: Any) -> Q:
    here = current_affiliations().filter(contact=OuterRef("pk"), **conditions)
    return Q(Exists(here.order_by()))


def _role(value: str, reader: Any) -> Q | None:
    return {HAS: _roles(), NONE: _marked(NO_ROLE)}.get(value)


def _duty(value: str, reader: Any) -> Q | None:
    return _marked(mark_of_duty(value)) if len(value) <= 40 else None


def _of_company(name: str, choices: type[Any]) -> Any:
    def condition(value: str, reader: Any) -> Q | None:
        return _roles(**{f"company__{name}": value}) if value in choices else None

    return condition


def _language(value: str, reader: Any) -> Q | None:
    if value == NONE:
        return Q(language="")
    return Q(language=value) if value in dict(settings.LANGUAGES) else None


def _topics(reader: Any) -> list[Option]:
    return [(str(topic.pk), str(topic)) for topic in Topic.objects.all()]


def _interest(model: type[Interest | InferredInterest]) -> Any:
    def keys(value: str, reader: Any) -> QuerySet[Any, Any] | None:
        number = as_number(value)
        if number is None:
            return None
        return model.objects.filter(topic=number).order_by().values("contact")

    return keys


def _duty_to_inform(value: str, reader: Any) -> Q | None:
    if value == OPEN:
        return DUTY_OPEN
    if value == OVERDUE:
        overdue = information_duty.overdue().order_by()
        return Q(pk__in=overdue.values("pk"))
    return None


def _alike(value: str, reader: Any) -> QuerySet[Any, Any] | None:
    pairs = ContactPair.objects.filter(state=ContactPair.State.OPEN).order_by()
    if value != OPEN:
        return None
    return pairs.values("first").union(pairs.values("second"))


def _imports(reader: Any) -> list[Option]:
    done = ImportBatch.objects.filter(state=ImportBatch.State.DONE)
    return [(str(pk), t) for pk, t in done.values_list("pk", "title")[:MOST_LISTED]]


def _import(value: str, reader: Any) -> QuerySet[Any, Any] | None:
    batch = as_key(value)
    if batch is None:
        return None
    return ImportRow.objects.filter(batch=batch, is_written=True).values("contact")


def make_known() -> None:
    """Register them; called once, when the app is ready."""
    for each in (
        ListFilter(
            Contact,
            "responsible",
            _("Responsible"),
            Group.CARE,
            colleagues,
            responsible,
        ),
        ListFilter(Contact, "team", _("Team"), Group.CARE, teams, team),
        ListFilter(
            Contact,
            "language__exact",
            _("Language"),
            Group.KIND,
            lambda reader: [*settings.LANGUAGES, (NONE, _("not known"))],
            _language,
            clear=((Contact, "language"),),
        ),
        _reach(ContactPoint.Kind.EMAIL, _("E-mail"), NO_EMAIL),
        _reach(ContactPoint.Kind.PHONE, _("Telephone"), NO_PHONE),
        ListFilter(
            Contact,
            "role",
            _("Role at a company"),
            Group.WORK,
            lambda reader: [(HAS, _("has one now")), (NONE, _("has none now"))],
            _role,
            needs=(Category.COMPANY,),
        ),
        ListFilter(
            Contact,
            "duty",
            _("Takes care of"),
            Group.WORK,
            lambda reader: [(duty.code, str(duty)) for duty in Duty.objects.all()],
            _duty,
            needs=(Category.COMPANY,),
            clear=((Affiliation, "duties"),),
        ),
        ListFilter(
            Contact,
            "customer_kind",
            _("Kind of the customer"),
            Group.WORK,
            lambda reader: Company.Kind.choices,
            _of_company("kind", Company.Kind),
            needs=(Category.COMPANY,),
        ),
        ListFilter(
            Contact,
            "customer_status",
            _("Status of the customer"),
            Group.WORK,
            lambda reader: Company.Status.choices,
            _of_company("status", Company.Status),
            needs=(Category.COMPANY,),
            clear=((Company, "status"),),
        ),
        ListFilter(
            Contact,
            "interest",
            _("Interest the person named"),
            Group.INTEREST,
            _topics,
            keys=_interest(Interest),
            needs=(Category.CLASSIFICATION,),
            clear=((Interest, "topic"),),
        ),
        ListFilter(
            Contact,
            "concluded",
            _("Interest we concluded"),
            Group.INTEREST,
            _topics,
            keys=_interest(InferredInterest),
            needs=(Category.PROFILE,),
            clear=((InferredInterest, "topic"),),
        ),
        ListFilter(
            Contact,
            "to_inform",
            _("Information duty"),
            Group.ORIGIN,
            lambda reader: [(OPEN, _("open")), (OVERDUE, _("overdue"))],
            _duty_to_inform,
            needs=(Category.INFORMATION,),
            clear=((Contact, "source"), (Contact, "informed_at")),
        ),
        ListFilter(
            Contact,
            "duplicate",
            _("Possible duplicate"),
            Group.ORIGIN,
            lambda reader: [(OPEN, _("to be looked at"))],
            keys=_alike,
        ),
        ListFilter(
            Contact,
            "import",
            _("Import"),
            Group.ORIGIN,
            _imports,
            keys=_import,
            needs=(Category.IMPORTS,),
        ),
    ):
        register(each)
