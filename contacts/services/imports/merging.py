"""What a set of rows adds to the register: decided here, written by ``writing``."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable

from contacts.models import ImportRow
from contacts.services.imports import matching
from contacts.services.imports.companies import CompanyMatcher, KnownCompany
from contacts.services.imports.matching import Fact, Known, Matcher
from contacts.services.imports.rows import Person, error
from contacts.services.imports.targets import Flagged
from register.identifiers import normalise_name
from register.services import protections

Outcome = ImportRow.Outcome


@dataclasses.dataclass(slots=True)
class Change:
    """What one row adds to one contact."""

    contact: Known
    is_new: bool
    person: Person
    facts: list[Fact]
    company: KnownCompany | None

    @property
    def outcome(self) -> ImportRow.Outcome:
        """What became of the row."""
        if self.is_new:
            return Outcome.NEW
        return Outcome.UPDATED if self.facts else Outcome.UNCHANGED

    def adds(self, kind: str) -> bool:
        """Whether something of this kind is added."""
        return any(found == kind for found, _ in self.facts)


@dataclasses.dataclass(slots=True)
class Merge:
    """What became of some rows."""

    changes: list[Change] = dataclasses.field(default_factory=list)
    invalid: list[Person] = dataclasses.field(default_factory=list)
    flagged: dict[str, list[Flagged]] = dataclasses.field(default_factory=dict)
    # Rows that stay out and are about somebody whose address is protected.
    protected: list[int] = dataclasses.field(default_factory=list)


def merge(
    people: list[Person], *, matcher: Matcher, companies: CompanyMatcher
) -> Merge:
    """Decide what each row adds, in the order of the file; ``matcher`` is loaded for them.

    A row knows what the rows before it add, so a person who stands twice in a file is
    added once. Of somebody whose address is protected, neither address nor company is
    taken over, nor compared with what is known.
    """
    readable = [person for person in people if not person.errors]
    companies.load(readable)
    merged = Merge()
    protected = protections.protected_among(matcher.known_ids())
    for person in people:
        if protected and _is_among(protected, matcher.match(person)):
            if person.leave_out_whereabouts():
                person.remarks.append(error("address_protected"))
            if person.errors:
                merged.protected.append(person.row_id)
        company = _company_of(person, companies)
        if person.errors:
            merged.invalid.append(person)
            # Nobody is found by a row that is wrong, but a refusal counts anyway.
            _flag(merged, person, None)
            continue
        contact = matcher.match(person)
        is_new = contact is None
        contact = contact or Known(uuid.uuid4(), "", is_stored=False)
        name = normalise_name(f"{person.first_name} {person.last_name}")
        if name and contact.name and name != contact.name:
            person.remarks.append(error("other_name_kept"))
        facts = _missing(contact, person, company)
        contact.facts.update(facts)
        if (matching.NAME, "") in facts:
            contact.name = name
        matcher.remember(contact, facts)
        merged.changes.append(Change(contact, is_new, person, facts, company))
        _flag(merged, person, contact)
    return merged


def _is_among(protected: set[uuid.UUID], contact: Known | None) -> bool:
    return contact is not None and contact.id in protected


def _company_of(person: Person, companies: CompanyMatcher) -> KnownCompany | None:
    if person.errors:
        return None
    try:
        return companies.resolve(person)
    except LookupError:
        person.errors.append(error("company_name_missing"))
        return None


def _missing(
    contact: Known, person: Person, company: KnownCompany | None
) -> list[Fact]:
    """Return what the row says and the contact lacks. What it has stays as it is."""
    wanted: list[Fact] = [
        *((matching.EMAIL, value) for value in person.emails),
        *((matching.PHONE, value) for value in person.phones),
    ]
    wanted += _primaries(contact, person)
    if company is not None:
        wanted.append((matching.COMPANY, str(company.id)))
    if person.has_address:
        wanted.append((matching.ADDRESS, matching.address_key(person)))
    if person.language:
        wanted.append((matching.LANGUAGE, ""))
    facts = [fact for fact in wanted if fact not in contact.facts]
    if not contact.name and (person.first_name or person.last_name):
        facts.append((matching.NAME, ""))
    return facts


def _primaries(contact: Known, person: Person) -> Iterable[Fact]:
    """The first address of a kind is the primary one, if the contact gains any."""
    for kind, values in (
        (matching.EMAIL, person.emails),
        (matching.PHONE, person.phones),
    ):
        if any((kind, value) not in contact.facts for value in values):
            yield matching.PRIMARY, kind


def _flag(merged: Merge, person: Person, contact: Known | None) -> None:
    emails, phones = set(person.emails), set(person.phones)
    if contact is not None:
        emails.update(contact.values(matching.EMAIL))
        phones.update(contact.values(matching.PHONE))
    if not (emails or phones):
        return
    flagged = Flagged(
        tuple(sorted(emails)),
        tuple(sorted(phones)),
        contact.id if contact else None,
        tuple(person.emails),
    )
    for code in person.flags:
        merged.flagged.setdefault(code, []).append(flagged)
