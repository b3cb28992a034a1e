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
    found = selectors.matching(rows, text)
    return among_clear_words(found, text, reader=reader, most=most)


def companies(
    rows: QuerySet[Company], text: str, *, reader: object, most: int
) -> QuerySet[Company]:
    """Those of some companies which a reader may find by the words of ``text``."""
    rows = access.visible_to(reader, rows)
    if not access.unseen(reader, Company):
        return selectors.matching_companies(rows, text, most=most)
    found = selectors.matching_companies(rows, text)
    return among_clear_words(found, text, reader=reader, most=most)


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


def among_clear_words(
    found: QuerySet[M], text: str, *, reader: object, most: int
) -> QuerySet[M]:
    """Keep of contacts or companies whom a reader finds by what he sees in clear.

    Words do not tell what they were made of; a number that is masked must not be found
    by trying its digits.
    """
    prefixes, keys = prefixes_of(text), list(found.values_list("pk", flat=True))
    if not prefixes:  # found by the number of the record
        return found
    of_rows = _OF[found.model]
    words = of_rows(keys, reader)
    kept = [
        key
        for key in keys
        if all(any(w.startswith(p) for w in words[key]) for p in prefixes)
    ]
    return in_order(found.model._default_manager.all(), kept[:most])


def _of_contacts(ids: list[uuid.UUID], reader: object) -> Words:
    names = [
        name
        for name in ("first_name", "last_name")
        if access.in_clear(reader, Contact, name)
    ]
    kinds = [
        kind
        for kind in ContactPoint.Kind
        if access.in_clear(reader, ContactPoint, "value", kind=kind)
    ]
    words: Words = {pk: set() for pk in ids}
    for row in Contact.objects.filter(pk__in=ids).only("pk", *names):
        words[row.pk] |= fitting(" ".join(getattr(row, name) for name in names))
    points = ContactPoint.objects.filter(contact__in=ids, kind__in=kinds)
    for pk, value in points.values_list("contact_id", "value"):
        words[pk] |= words_of_point(value)
    if access.may_model(reader, Action.VIEW, Company):
        roles = current_affiliations().filter(contact__in=ids)
        pairs = list(roles.values_list("contact_id", "company_id"))
        companies = _of_companies([c for _, c in pairs], reader)
        for pk, company_id in pairs:
            words[pk] |= companies[company_id]
    return words


def _of_companies(ids: list[uuid.UUID], reader: object) -> Words:
    clear = [
        name
        for name in ("name", "business_id")
        if access.in_clear(reader, Company, name)
    ]
    words: Words = {pk: set() for pk in ids}
    for row in Company.objects.filter(pk__in=ids).only("pk", *clear):
        for name in clear:
            words[row.pk] |= fitting(getattr(row, name))
    return words


_OF: dict[type[Model], Callable[[list[uuid.UUID], object], Words]] = {
    Contact: _of_contacts,
    Company: _of_companies,
}
