"""Reading people and companies. Nothing here asks who reads: the screens do."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    F,
    Func,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
)
from django.utils import timezone

from contacts.finding import Words, first_owners
from contacts.models import (
    Affiliation,
    Company,
    CompanyMerge,
    CompanyWord,
    Contact,
    ContactMerge,
    ContactPoint,
    ContactWord,
    Merge,
    PostalAddress,
)
from register.identifiers import search_prefixes

# Each word of a query is one more look-up; nobody types more than this.
MOST_WORDS = 20
LONGEST_WORD = 100
# Nobody reads on for longer; another word narrows what was found.
MOST_FOUND = 1_000

M = TypeVar("M", bound=Model)


def search(text: str, *, most: int = MOST_FOUND) -> QuerySet[Contact]:
    """Contacts of whom every word of ``text`` begins a word, at most so many.

    Words of the name, of the addresses and numbers, and of the companies where the
    person has a role now; telephone numbers and business ids in any spelling. Whose
    word is just what was typed comes first. A text without any word finds nobody.
    """
    return matching(Contact.objects.all(), text, most=most)


def search_companies(text: str, *, most: int = MOST_FOUND) -> QuerySet[Company]:
    """Companies of which every word of ``text`` begins a word of the name or business id."""
    return matching_companies(Company.objects.all(), text, most=most)


def matching(
    contacts: QuerySet[Contact], text: str, *, most: int = MOST_FOUND
) -> QuerySet[Contact]:
    """Those of some contacts whom :func:`search` finds."""
    return _matching(contacts, text, Words(ContactWord, "contact"), most)


def matching_companies(
    companies: QuerySet[Company], text: str, *, most: int = MOST_FOUND
) -> QuerySet[Company]:
    """Those of some companies which :func:`search_companies` finds."""
    return _matching(companies, text, Words(CompanyWord, "company"), most)


def _matching(rows: QuerySet[M], text: str, words: Words, most: int) -> QuerySet[M]:
    if (pk := _as_uuid(text)) is not None:
        return rows.filter(pk=pk)
    if not (prefixes := prefixes_of(text)):
        return rows.none()
    return in_order(rows, first_owners(words, prefixes, among=rows, most=most))


def sorted_by(found: QuerySet[M], columns: Iterable[Any]) -> QuerySet[M]:
    """Sort what was found by columns, by reading all of it.

    The planner would rather walk the whole table in that order until it has a page.
    """
    keys = list(found.order_by(*columns).values_list("pk", flat=True))
    return in_order(found.model._default_manager.all(), keys)


def in_order(rows: QuerySet[M], keys: list[uuid.UUID]) -> QuerySet[M]:
    """Those of some rows that have these keys, in the order of the keys."""
    place = Func(
        Value(keys, ArrayField(UUIDField())), F("pk"), function="array_position"
    )
    return rows.filter(pk__in=keys).order_by(place)


def prefixes_of(text: str) -> list[str]:
    """The beginnings to look for, fit for the database whatever was typed."""
    storable = text.replace("\0", " ").encode("utf-8", "ignore").decode()
    prefixes = search_prefixes(storable)
    return [prefix[:LONGEST_WORD] for prefix in prefixes[:MOST_WORDS]]


def holders_of(*, emails: set[str], phones: set[str]) -> QuerySet[Contact]:
    """Contacts who have one of the addresses or numbers, given in normal form."""
    points = ContactPoint.objects.filter(
        Q(kind=ContactPoint.Kind.EMAIL, value__in=emails)
        | Q(kind=ContactPoint.Kind.PHONE, value__in=phones)
    )
    return Contact.objects.filter(pk__in=points.values("contact"))


def current_affiliations(on: date | None = None) -> QuerySet[Affiliation]:
    """Roles at companies that are not over; ``on`` is today in Finland unless given."""
    on = on or timezone.localdate()
    return Affiliation.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=on),
        Q(valid_from=None) | Q(valid_from__lte=on),
    )


def with_main_points(contacts: QuerySet[Contact]) -> QuerySet[Any]:
    """Add ``main_email``, ``main_phone`` (or None) and ``company_names`` of present roles."""
    here = OuterRef("pk")
    points = ContactPoint.objects.filter(contact=here, is_primary=True)
    value = points.order_by().values("value")
    roles = current_affiliations().filter(contact=here)
    return contacts.annotate(
        main_email=Subquery(value.filter(kind=ContactPoint.Kind.EMAIL)),
        main_phone=Subquery(value.filter(kind=ContactPoint.Kind.PHONE)),
        company_names=ArraySubquery(roles.values("company__name")),
    )


def with_main_town(contacts: QuerySet[Any]) -> QuerySet[Any]:
    """Add ``main_town`` of the address that is used first, or None."""
    here = PostalAddress.objects.filter(contact=OuterRef("pk"))
    town = here.order_by("-is_primary", "pk").values("town")[:1]
    found: QuerySet[Any] = contacts.annotate(main_town=Subquery(town))
    return found


def with_job_titles(contacts: QuerySet[Any]) -> QuerySet[Any]:
    """Add ``job_titles`` of present roles."""
    roles = current_affiliations().filter(contact=OuterRef("pk")).exclude(job_title="")
    titles = roles.order_by("pk").values("job_title")
    found: QuerySet[Any] = contacts.annotate(job_titles=ArraySubquery(titles))
    return found


def _as_uuid(text: str) -> uuid.UUID | None:
    text = text.strip()
    if len(text) != 36:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def keys_before_merges(keys: Collection[uuid.UUID]) -> QuerySet[Any]:
    """Return the keys of records that went into these contacts."""
    return _gone_into(ContactMerge, keys)


def company_keys_before_merges(keys: Collection[uuid.UUID]) -> QuerySet[Any]:
    """Return the keys of records that went into these companies."""
    return _gone_into(CompanyMerge, keys)


def _gone_into(model: type[Merge], keys: Collection[uuid.UUID]) -> QuerySet[Any]:
    manager: Any = model._default_manager  # of a merge of either kind
    merges = manager.filter(kept__in=keys, state=Merge.State.DONE)
    gone: QuerySet[Any] = merges.order_by().values_list("gone_id", flat=True)
    return gone
