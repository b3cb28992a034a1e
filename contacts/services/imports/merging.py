"""What a set of rows adds to the register: decided here, written by ``writing``."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Collection, Iterable

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import matching
from contacts.services.imports.companies import CompanyMatcher, KnownCompany
from contacts.services.imports.matching import Fact, Known, Matcher
from contacts.services.imports.replacing import Replacement, Standing
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
    replaced: list[Replacement] = dataclasses.field(default_factory=list)

    @property
    def outcome(self) -> ImportRow.Outcome:
        """What became of the row."""
        if self.is_new:
            return Outcome.NEW
        return Outcome.UPDATED if self.facts or self.replaced else Outcome.UNCHANGED

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
    # Rows that the import does not concern, with what became of them.
    left_out: list[tuple[Person, ImportRow.Outcome, Known | None]] = dataclasses.field(
        default_factory=list
    )


def merge(
    people: list[Person],
    *,
    batch: ImportBatch,
    matcher: Matcher,
    companies: CompanyMatcher,
    removed: Collection[int] = (),
) -> Merge:
    """Decide what each row adds, in the order of the file; ``matcher`` is loaded for them.

    A row knows what the rows before it add, so a person who stands twice in a file is
    added once. Of somebody whose address is protected, neither address nor company is
    taken over, nor compared with what is known. Rows in ``removed`` were taken out by
    hand; what they and other rows that stay out say about refusing counts all the same.
    """
    readable = [person for person in people if not person.errors]
    companies.load(readable)
    merged = Merge()
    standing = Standing(batch)
    standing.load(matcher.known_ids())
    protected = protections.protected_among(matcher.known_ids())
    for person in people:
        if protected and _is_among(protected, matcher.match(person)):
            if person.leave_out_whereabouts():
                person.remarks.append(error("address_protected"))
            if person.errors:
                merged.protected.append(person.row_id)
        contact = None if person.errors else _whom(person, matcher, batch)
        if not person.errors and (
            outcome := _why_out(person, contact, matcher, removed)
        ):
            merged.left_out.append((person, outcome, contact))
            _flag(merged, person, contact)
            continue
        if contact is None and not person.errors:
            _take_defaults(person, batch)
            if matcher.resembles(person):
                person.marks.add("duplicate")
        company = _company_of(person, companies)
        if company is None and contact is None:
            company = companies.default(batch.default_company)
        if person.errors:
            merged.invalid.append(person)
            # Nobody is found by a row that is wrong, but a refusal counts anyway.
            _flag(merged, person, None)
            continue
        is_new = contact is None
        contact = contact or Known(
            uuid.uuid4(), "", is_stored=False, is_of_this_file=True
        )
        name = normalise_name(f"{person.first_name} {person.last_name}")
        replaced = (
            []
            if contact.is_of_this_file
            else standing.replace(contact.id, person, company)
        )
        renames = {"first_name", "last_name"} & {str(r.field) for r in replaced}
        if name and contact.name and name != contact.name and not renames:
            person.remarks.append(error("other_name_kept"))
        facts = _missing(contact, person, company, batch.external_system)
        if any(r.field == "address" for r in replaced):
            facts = [fact for fact in facts if fact[0] != matching.ADDRESS]
        contact.facts.update(facts)
        if (matching.NAME, "") in facts or renames:
            contact.name = name
        matcher.remember(contact, facts)
        merged.changes.append(Change(contact, is_new, person, facts, company, replaced))
        _flag(merged, person, contact)
    return merged


def _whom(person: Person, matcher: Matcher, batch: ImportBatch) -> Known | None:
    """Return whom a row means; it has an error if that cannot be said."""
    if matcher.lacks_key(person):
        person.errors.append(error("key_missing"))
        return None
    contact = matcher.match(person)
    if contact is None and batch.recognised_by == matching.Key.NUMBER:
        person.errors.append(error("record_number_unknown"))
    return contact


def _why_out(
    person: Person, contact: Known | None, matcher: Matcher, removed: Collection[int]
) -> ImportRow.Outcome | None:
    if person.row_id in removed:
        return Outcome.REMOVED
    if reason := matcher.is_left_out(contact):
        person.remarks.append(error(reason))
        return Outcome.OUTSIDE
    if contact is None and person.blocked:
        person.remarks += [error(code) for code in person.blocked]
        return Outcome.BLOCKED
    return None


def _take_defaults(person: Person, batch: ImportBatch) -> None:
    person.language = person.language or batch.default_language
    person.relationship = person.relationship or batch.default_relationship


def _is_among(protected: set[uuid.UUID], contact: Known | None) -> bool:
    return contact is not None and contact.id in protected


def _company_of(person: Person, companies: CompanyMatcher) -> KnownCompany | None:
    if person.errors:
        return None
    try:
        company = companies.resolve(person)
    except LookupError:
        person.errors.append(error("company_name_missing"))
        return None
    if company is not None and company.is_told_otherwise(person):
        person.remarks.append(error("company_kept"))
    return company


def _missing(
    contact: Known, person: Person, company: KnownCompany | None, system: str
) -> list[Fact]:
    """Return what the row says and the contact lacks. What it has stays as it is."""
    wanted: list[Fact] = [
        *((matching.EMAIL, value) for value in person.emails),
        *((matching.PHONE, value) for value in person.phones),
    ]
    wanted += _primaries(contact, person)
    if company is not None:
        wanted += _of_role(contact, person, str(company.id))
    wanted += [(matching.INTEREST, str(topic)) for topic in person.interests]
    wanted += [(name, "") for name in matching.OF_CONTACT if getattr(person, name)]
    if person.has_address:
        wanted.append((matching.ADDRESS, matching.address_key(person)))
    if person.external_id and system:
        if not contact.values(matching.EXTERNAL):
            wanted.append((matching.EXTERNAL, person.external_id))
        elif (matching.EXTERNAL, person.external_id) not in contact.facts:
            person.remarks.append(error("external_id_kept"))
    if person.language:
        wanted.append((matching.LANGUAGE, ""))
    facts = [fact for fact in wanted if fact not in contact.facts]
    if not contact.name and (person.first_name or person.last_name):
        facts.append((matching.NAME, ""))
    return facts


def _of_role(contact: Known, person: Person, company: str) -> Iterable[Fact]:
    yield matching.COMPANY, company
    if person.job_title:
        yield matching.TITLE, company
    if person.department:
        yield matching.DEPARTMENT, company
    has_ended = (matching.DUTY, f"{company}:") in contact.facts
    for code in person.duties if not has_ended else ():
        yield matching.DUTY, f"{company}:{code}"


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
