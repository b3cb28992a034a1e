"""Rebuilds the words by which contacts and companies are found.

Whoever writes names, addresses or roles calls this in the same transaction. It works
in sets: what is right already is not written again.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta

from django.db import connection, models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts.models import (
    Affiliation,
    Company,
    CompanyWord,
    Contact,
    ContactPoint,
    ContactWord,
)
from contacts.selectors import LONGEST_WORD, current_affiliations
from register.database.visibility import choosing_rows
from register.identifiers import normalise_name, search_words
from register.services import protections

# About 13,000 words at a time: 8 MB of memory, and locks of a fifth of a second.
BATCH = 1_000

# Most numbers are these, and their national form is plain to see: asking the library
# takes 100 µs a number and half the time of a refresh.
_FINNISH_MOBILE = re.compile(r"\+358(?:4\d|50)\d{4,8}")
# The same of most addresses, as they are stored; others need their accents taken off.
_PLAIN_EMAIL = re.compile(r"[a-z0-9._+-]+@[a-z0-9.-]+")
_BETWEEN_PARTS = re.compile(r"[@._+-]+")

Words = dict[uuid.UUID, set[str]]

# What somebody lacks is a word, too: a list finds the few without an address by an index
# as it finds any other word. Nobody finds it by typing, as no word begins with a sign.
NO_EMAIL, NO_PHONE, NO_ROLE = "=no_email", "=no_phone", "=no_role"
_LACKS = {ContactPoint.Kind.EMAIL: NO_EMAIL, ContactPoint.Kind.PHONE: NO_PHONE}


def mark_of_duty(code: str) -> str:
    """Return the word that marks who takes care of something now."""
    return f"=duty_{code}"


# What apps above mark people with, from their addresses: returns marks by person.
Marks = Callable[[Collection[uuid.UUID], Sequence[tuple[uuid.UUID, str]]], Words]
_MARKS: list[Marks] = []


def register_marks(marks: Marks) -> None:
    """Let an app above mark people, for filters of lists. A mark begins with ``=``."""
    if marks not in _MARKS:
        _MARKS.append(marks)


def add_mark(contact_ids: Collection[uuid.UUID], mark: str) -> None:
    """Mark people at once, whose other words stay right."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_contactword (contact_id, word)"
            " SELECT c.id, %s FROM contacts_contact c WHERE c.id = ANY(%s) AND NOT EXISTS"
            " (SELECT FROM contacts_contactword w WHERE w.contact_id = c.id AND w.word = %s)",
            [mark, list(contact_ids), mark],
        )


def refresh(
    contact_ids: Iterable[uuid.UUID], *, leaving: Collection[uuid.UUID] = ()
) -> None:
    """Bring the words of these contacts in line with what is stored about them.

    Whoever is ``leaving`` hides no company any more, though the role is there still.
    """
    for batch in _batches(contact_ids):
        with transaction.atomic():
            _write(ContactWord, "contact", _words_of_contacts(batch, leaving))


def refresh_those_who_stay(
    company_ids: Collection[uuid.UUID], leaving: Collection[uuid.UUID]
) -> None:
    """Let people be found by companies that were hidden for somebody who is erased.

    Their own words alone: those of the companies say nothing of who is there.
    """
    hidden = _protected_roles(company_ids).filter(
        company__kind__in=Company.NATURAL_PERSONS
    )
    gone = set(leaving)
    companies = {company for company, person in hidden if person in gone}
    if companies:
        roles = Affiliation.objects.filter(company__in=companies)
        people = set(roles.values_list("contact_id", flat=True))
        refresh(people - gone, leaving=gone)


def refresh_with_colleagues(contact_ids: Iterable[uuid.UUID]) -> None:
    """Do the same, and for all who share the company of a sole trader with one of them.

    Such a company is hidden while anybody in it is protected: then nobody is found by it.
    """
    ids = set(contact_ids)
    refresh(ids | _colleagues(ids))


def _colleagues(contact_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    """Return everybody at the sole traders' companies that these people are or were at."""
    with choosing_rows():
        roles = Affiliation.objects.filter(company__kind__in=Company.NATURAL_PERSONS)
        companies = set(
            roles.filter(contact__in=contact_ids).values_list("company_id", flat=True)
        )
        return set(
            roles.filter(company__in=companies).values_list("contact_id", flat=True)
        )


def refresh_of_companies(
    company_ids: Iterable[uuid.UUID], *, people: bool = True
) -> None:
    """Do the same for companies, and for the people who have a role there now.

    ``people=False`` leaves the people out, for callers who refresh them anyway.
    """
    ids = list(company_ids)
    for batch in _batches(ids):
        with transaction.atomic():
            _write(CompanyWord, "company", _words_of_companies(batch))
    if people:
        roles = current_affiliations().filter(company__in=ids)
        refresh(roles.values_list("contact_id", flat=True).distinct())


def key_of_company(name: str) -> str:
    """Return the one word by which a company of this name, in any spelling, is recognised.

    Nobody finds it by typing: no word of a name begins with an equals sign.
    """
    return f"={normalise_name(name) or name}"[:LONGEST_WORD]


def refresh_turned_roles(*, on: date | None = None) -> int:
    """Renew the words of people whose role at a company began or ended; return how many.

    No write tells of it: the day comes. A week is looked back, so that a worker that
    stood still catches up; who is right already is not written again.
    """
    on = on or timezone.localdate()
    week = on - timedelta(days=7)
    turned = Affiliation.objects.filter(
        Q(valid_to__gte=week, valid_to__lt=on)
        | Q(valid_from__gt=week, valid_from__lte=on)
    )
    people = set(turned.values_list("contact_id", flat=True))
    # The protection of an address ends by the calendar, too.
    ended = set(protections.ended_between(week, on))
    people |= ended | _colleagues(ended)
    refresh(people)
    return len(people)


def _words_of_contacts(
    ids: list[uuid.UUID], leaving: Collection[uuid.UUID] = ()
) -> Words:
    # The lock keeps two refreshes from writing the same words twice; rows that point
    # to the contact can still be added meanwhile.
    locked = Contact.objects.select_for_update(no_key=True).filter(pk__in=ids)
    names = locked.order_by("pk").values_list(
        "pk", "first_name", "last_name", "preferred_name"
    )
    words: Words = {pk: fitting(" ".join(each)) for pk, *each in names}
    for each in words.values():
        each.update(_LACKS.values())
    points = ContactPoint.objects.filter(contact__in=ids)
    values = list(points.values_list("contact_id", "kind", "value"))
    for pk, kind, value in values:
        words[pk].discard(_LACKS[ContactPoint.Kind(kind)])
        words[pk] |= words_of_point(value)
    for marks in _MARKS:
        found = marks(list(words), [(pk, value) for pk, _kind, value in values])
        for pk, more in found.items():
            words[pk] |= more
    # Who works where is not to be found of those whose address is protected.
    protected = set(
        protections.in_force()
        .filter(subject_id__in=ids)
        .values_list("subject_id", flat=True)
    )
    roles = list(
        current_affiliations()
        .filter(contact__in=set(ids) - protected)
        .values_list("contact_id", "company_id", "duties")
    )
    workplaces = {company_id for _, company_id, _ in roles}
    companies = _words_of_workplaces(workplaces, leaving)
    for pk, company_id, duties in roles:
        words[pk] |= companies.get(company_id, set())
        words[pk].update(map(mark_of_duty, duties))
    at_work = {pk for pk, _company, _duties in roles}
    for pk in words.keys() - at_work - protected:
        words[pk].add(NO_ROLE)
    return words


def _words_of_workplaces(
    ids: set[uuid.UUID], leaving: Collection[uuid.UUID] = ()
) -> Words:
    """Return what people are found by because they work there.

    Workers see the companies that row security hides; nobody is to be found by those.
    """
    # Not joined: for many people the planner would read every company there is.
    named = list(
        Company.objects.filter(pk__in=ids).values_list(
            "pk", "kind", "name", "business_id"
        )
    )
    traders = {pk for pk, kind, *_ in named if kind in Company.NATURAL_PERSONS}
    roles = _protected_roles(traders) if traders else ()
    hidden = {company for company, person in roles if person not in leaving}
    return {
        pk: _of_company(name, business_id)
        for pk, _kind, name, business_id in named
        if pk not in hidden
    }


def _protected_roles(
    company_ids: Collection[uuid.UUID],
) -> QuerySet[Affiliation, tuple[uuid.UUID, uuid.UUID]]:
    """Return ``(company, person)`` of the protected people at these companies."""
    roles = Affiliation.objects.filter(
        company__in=company_ids, contact__in=protections.in_force().values("subject_id")
    )
    return roles.values_list("company_id", "contact_id")


def _words_of_companies(ids: list[uuid.UUID]) -> Words:
    locked = Company.objects.select_for_update(no_key=True).filter(pk__in=ids)
    return {
        pk: _of_company(name, business_id) | {key_of_company(name)}
        for pk, name, business_id in locked.order_by("pk").values_list(
            "pk", "name", "business_id"
        )
    }


def words_of_point(value: str) -> set[str]:
    """Return the words by which an address or a number is found."""
    if _FINNISH_MOBILE.fullmatch(value):
        return {value[1:], f"0{value[4:]}"}
    if _PLAIN_EMAIL.fullmatch(value) and "xn--" not in value:
        _, _, domain = value.partition("@")
        words = {value, domain, *_BETWEEN_PARTS.split(value)} - {""}
        return {word[:LONGEST_WORD] for word in words}
    return fitting(value)


def _of_company(name: str, business_id: str) -> set[str]:
    return fitting(name) | fitting(business_id)


def fitting(text: str) -> set[str]:
    """Return the words of a text, as long as words are stored."""
    return {word[:LONGEST_WORD] for word in search_words(text)}


def _write(model: type[models.Model], owner: str, words: Words) -> None:
    """Delete the words that are no longer right and add the missing ones."""
    gone: list[int] = []
    known: Words = defaultdict(set)
    rows = model._default_manager.filter(**{f"{owner}__in": list(words)})
    for pk, owner_id, word in rows.values_list("pk", f"{owner}_id", "word"):
        if word in words[owner_id] and word not in known[owner_id]:
            known[owner_id].add(word)
        else:
            gone.append(pk)
    if gone:
        model._default_manager.filter(pk__in=gone).delete()
    missing = [
        (owner_id, word)
        for owner_id, wanted in words.items()
        for word in sorted(wanted - known[owner_id])
    ]
    if not missing:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f'COPY "{model._meta.db_table}" ("{owner}_id", word) FROM STDIN'
        ) as copy,
    ):
        for row in missing:
            copy.write_row(row)


def _batches(ids: Iterable[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    # In order of the key, so that two refreshes wait for each other instead of
    # deadlocking.
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]
