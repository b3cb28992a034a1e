"""Finding and showing people and companies by what a reader sees of them in clear."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from contacts import selectors
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    PostalAddress,
)
from contacts.selectors import current_affiliations, in_order, prefixes_of
from contacts.services.search_words import Words, fitting, words_of_point
from register import access
from register.datamap.vocabulary import Action

M = TypeVar("M", bound=Model)
_VIEW = Action.VIEW


def people(
    rows: QuerySet[Contact], text: str, *, reader: object, most: int
) -> QuerySet[Contact]:
    """Those of some contacts whom a reader may find by the words of ``text``."""
    rows = access.visible_to(reader, rows)
    # Words of companies are among those of their people.
    if not (has_masks(reader) or _misses_companies(reader)):
        return selectors.matching(rows, text, most=most)
    return _in_clear(selectors.matching, rows, text, reader=reader, most=most)


def companies(
    rows: QuerySet[Company], text: str, *, reader: object, most: int
) -> QuerySet[Company]:
    """Those of some companies which a reader may find by the words of ``text``."""
    rows = access.visible_to(reader, rows)
    if not access.unseen(reader, Company):
        return selectors.matching_companies(rows, text, most=most)
    found = selectors.matching_companies
    return _in_clear(found, rows, text, reader=reader, most=most)


def has_masks(reader: object) -> bool:
    """Whether of people, their addresses or companies something is not seen."""
    return any(
        access.unseen(reader, model)
        for model in (Contact, ContactPoint, Company, Affiliation, PostalAddress)
        if access.may_model(reader, Action.VIEW, model)
    )


def _misses_companies(reader: object) -> bool:
    """Whether a reader does not see all companies, or not who works there."""
    return any(
        access.is_limited(reader, model) or not access.may_model(reader, _VIEW, model)
        for model in (Company, Affiliation)
    )


def as_seen(reader: object, contact: Any) -> Any:
    """Return a contact of ``selectors.with_main_points`` as its reader sees it."""
    seen = access.as_seen(reader, contact)
    for name, kind in (("main_email", "email"), ("main_phone", "phone")):
        value = getattr(contact, name)
        shown = access.present_value(reader, ContactPoint, "value", value, kind=kind)
        setattr(seen, name, shown)
    if "main_town" in contact.__dict__:
        seen.main_town = access.present_value(
            reader, PostalAddress, "town", contact.main_town
        )
    if "job_titles" in contact.__dict__:
        seen.job_titles = [
            access.present_value(reader, Affiliation, "job_title", title)
            for title in contact.job_titles
        ]
    if not access.in_clear(reader, Company, "name"):
        seen.company_names = [
            access.present_value(reader, Company, "name", name)
            for name in contact.company_names
            if access.shown(reader, Company, "name")
        ]
    return seen


def _in_clear(
    match: Callable[..., QuerySet[M]],
    rows: QuerySet[M],
    text: str,
    *,
    reader: object,
    most: int,
) -> QuerySet[M]:
    """Keep of what matches whom a reader finds by what he sees in clear.

    Words do not tell what they were made of; a number that is masked must not be found
    by trying its digits. Mostly they are seen: more are asked for only if some are not.
    """
    if not (prefixes := prefixes_of(text)):  # found by the number of the record
        return match(rows, text)
    limit = most
    while True:
        limit = min(limit, selectors.MOST_FOUND)
        keys = list(match(rows, text, most=limit).values_list("pk", flat=True))
        clear = _found_in_clear(rows.model, keys, prefixes, reader)
        kept = [key for key in keys if key in clear]
        is_all = len(keys) < limit or limit == selectors.MOST_FOUND
        if is_all or len(kept) >= most:
            return in_order(rows.model._default_manager.all(), kept[:most])
        limit *= 4


def _found_in_clear(
    model: type[Model], keys: list[uuid.UUID], prefixes: list[str], reader: object
) -> set[uuid.UUID]:
    """Return of whom the reader sees a word for every prefix; names mostly are enough."""
    words: Words = {key: set() for key in keys}
    found: set[uuid.UUID] = set()
    for read in _READ[model]:
        if not (left := [key for key in keys if key not in found]):
            break
        read(words, left, reader)
        found |= {
            key
            for key in left
            if all(any(w.startswith(p) for w in words[key]) for p in prefixes)
        }
    return found


def _names(words: Words, ids: list[uuid.UUID], reader: object) -> None:
    names = [
        name
        for name in ("first_name", "last_name")
        if access.in_clear(reader, Contact, name)
    ]
    for pk, *row in Contact.objects.filter(pk__in=ids).values_list("pk", *names):
        words[pk] |= fitting(" ".join(row))


def _points(words: Words, ids: list[uuid.UUID], reader: object) -> None:
    kinds = [
        kind
        for kind in ContactPoint.Kind
        if access.in_clear(reader, ContactPoint, "value", kind=kind)
    ]
    points = ContactPoint.objects.filter(contact__in=ids, kind__in=kinds)
    for pk, value in points.values_list("contact_id", "value"):
        words[pk] |= words_of_point(value)


def _workplaces(words: Words, ids: list[uuid.UUID], reader: object) -> None:
    if not access.may_model(reader, Action.VIEW, Company):
        return
    roles = current_affiliations().filter(contact__in=ids)
    pairs = list(roles.values_list("contact_id", "company_id"))
    companies: Words = {company: set() for _, company in pairs}
    _names_of_companies(companies, list(companies), reader)
    for pk, company in pairs:
        words[pk] |= companies[company]


def _names_of_companies(words: Words, ids: list[uuid.UUID], reader: object) -> None:
    clear = [
        name
        for name in ("name", "business_id")
        if access.in_clear(reader, Company, name)
    ]
    for pk, *row in Company.objects.filter(pk__in=ids).values_list("pk", *clear):
        for value in row:
            words[pk] |= fitting(value)


_READ: dict[
    type[Model], tuple[Callable[[Words, list[uuid.UUID], object], None], ...]
] = {
    Contact: (_names, _points, _workplaces),
    Company: (_names_of_companies,),
}
