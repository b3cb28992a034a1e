"""What is counted about the data of people, each with the people it finds.

A measure is one condition on contacts, so that its number and the list behind it cannot
say different things. Where a protected person is, the web does not see: whoever is
protected is left out wherever a measure asks for that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts import information_duty
from contacts.models import (
    Affiliation,
    Contact,
    ContactPair,
    ContactPoint,
    PostalAddress,
)
from contacts.models.people import Source
from contacts.selectors import current_affiliations
from register import access
from register.datamap.vocabulary import Action, Category, Scope
from register.periods import Period
from register.services import protections

ALL = "all"


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """A number of people. ``needs`` are the categories its condition reads."""

    code: str
    title: str | Promise
    meaning: str | Promise
    condition: Callable[[], Any]
    needs: tuple[Category, ...] = ()
    # A field whose absence it tells; who does not see the field is not told either.
    field: tuple[type[Model], str] | None = None
    on_board: bool = True

    def is_for(self, reader: object) -> bool:
        """Whether a reader may see the number at all."""
        return all(
            access.may(reader, Action.VIEW, category) for category in self._categories
        ) and (self.field is None or access.shown(reader, *self.field))

    def is_limited(self, reader: object) -> bool:
        """Whether a reader reaches only some of the people it counts, or none."""
        return any(
            access.scope_of(reader, Action.VIEW, category) is not Scope.ALL
            for category in self._categories
            if category in _SCOPED
        )

    def people(self) -> QuerySet[Contact]:
        """Everybody whom it finds. Nothing here asks who reads."""
        return Contact.objects.filter(self.condition())

    def people_of(self, reader: object) -> QuerySet[Contact]:
        """Return whom it finds among the people a reader reaches with all it reads."""
        if not self.is_for(reader):
            return Contact.objects.none()
        people = access.visible_to(reader, self.people())
        for category in self.needs:
            scope = access.scope_of(reader, Action.VIEW, category)
            if category in _SCOPED and scope is not None and scope is not Scope.ALL:
                people = people.filter(access.assigned_to(reader, scope))
        return people

    @property
    def _categories(self) -> tuple[Category, ...]:
        return (Category.IDENTITY, *self.needs)


# Categories that are given for one's own people; the others for all or not at all.
_SCOPED = {Category.IDENTITY, Category.COMPANY, Category.INFORMATION}
_MEASURES: dict[str, Measure] = {}


def add(measure: Measure) -> None:
    """Let a measure be counted; apps above add theirs."""
    _MEASURES[measure.code] = measure


def measures() -> list[Measure]:
    """Return all measures in the order they were added."""
    return list(_MEASURES.values())


def measure(code: str) -> Measure | None:
    """Return the measure with a code."""
    return _MEASURES.get(code)


def is_protected() -> Exists:
    """The condition that the address of a contact is protected now."""
    return Exists(protections.in_force().filter(subject_id=OuterRef("pk")))


def deliverable(model: type[ContactPoint | PostalAddress], **kinds: Any) -> Exists:
    """The condition that a contact has an address that may be used and works."""
    today = timezone.localdate()
    return Exists(
        model._default_manager.filter(
            Q(valid_from=None) | Q(valid_from__lte=today),
            Q(valid_to=None) | Q(valid_to__gte=today),
            contact=OuterRef("pk"),
            undeliverable_since=None,
            **kinds,
        ).order_by()
    )


def _unreachable() -> Any:
    return ~deliverable(ContactPoint) & ~deliverable(PostalAddress) & ~is_protected()


def _has_role() -> Exists:
    return Exists(current_affiliations().filter(contact=OuterRef("pk")).order_by())


def _without_role() -> Any:
    return ~_has_role() & ~is_protected()


def _roles_ended() -> Any:
    ended = Affiliation.objects.filter(
        contact=OuterRef("pk"), valid_to__lt=timezone.localdate()
    )
    return Exists(ended.order_by()) & _without_role()


def _undeliverable() -> Any:
    def bad(model: type[ContactPoint | PostalAddress]) -> Exists:
        rows = model._default_manager.filter(
            contact=OuterRef("pk"), undeliverable_since__isnull=False
        )
        return Exists(rows.order_by())

    return Q(bad(ContactPoint)) | (Q(bad(PostalAddress)) & ~is_protected())


def _alike() -> Any:
    pairs = ContactPair.objects.filter(state=ContactPair.State.OPEN)
    return Q(pk__in=pairs.values("first")) | Q(pk__in=pairs.values("second"))


def _overdue() -> Any:
    return Q(pk__in=information_duty.overdue().order_by().values("pk"))


def _to_review() -> Any:
    rule: Any = Contact.data_map.retention
    period = Period.parse(rule.period)
    since = timezone.localtime() - relativedelta(
        years=period.years, months=period.months
    )
    return Q(**{f"{rule.anchor}__lte": since})


for _measure in (
    Measure(ALL, _("People"), "", Q, on_board=False),
    Measure(
        "unreachable",
        _("Unreachable"),
        _("No e-mail address, telephone number or postal address that works now."),
        _unreachable,
    ),
    Measure(
        "undeliverable",
        _("Undeliverable addresses"),
        _("Something sent to one of their addresses came back for good."),
        _undeliverable,
    ),
    Measure(
        "without_role",
        _("Without a role"),
        _("No role at any company now."),
        _without_role,
        (Category.COMPANY,),
    ),
    Measure(
        "roles_ended",
        _("Roles that ended"),
        _("They had a role at a company, and every one of them is over."),
        _roles_ended,
        (Category.COMPANY,),
    ),
    Measure(
        "without_language",
        _("Without a language"),
        _("Nobody knows in which language to write to them."),
        lambda: Q(language=""),
        field=(Contact, "language"),
    ),
    Measure(
        "without_source",
        _("Without source or notice"),
        _("It is not known where the data came from, or which notice was in force."),
        lambda: ~Q(source__in=Source.values) | Q(notice=None),
        field=(Contact, "source"),
    ),
    Measure(
        "alike",
        _("Possible duplicates"),
        _("Another record may be of the same person, and nobody has decided yet."),
        _alike,
    ),
    Measure(
        "duty_overdue",
        _("Information duty overdue"),
        _("They should have been told by now that we have their data."),
        _overdue,
        (Category.INFORMATION,),
        field=(Contact, "source"),
    ),
    Measure(
        "to_review",
        _("Due for review"),
        _("The record is older than its period: is it still needed?"),
        _to_review,
    ),
    *(
        Measure(
            f"source_{source.value}",
            source.label,
            "",
            lambda source=source: Q(source=source),  # type: ignore[misc]
            field=(Contact, "source"),
            on_board=False,
        )
        for source in Source
    ),
    *(
        Measure(
            f"relationship_{kind.value}",
            kind.label,
            "",
            lambda kind=kind: Q(relationship=kind),  # type: ignore[misc]
            field=(Contact, "relationship"),
            on_board=False,
        )
        for kind in Contact.Relationship
    ),
):
    add(_measure)
