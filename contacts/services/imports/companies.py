"""Recognising companies: by business id, else by exactly the same name."""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.db import connection

from contacts.models import Company
from contacts.services.imports.rows import Person
from contacts.services.imports.trial import Trial
from contacts.services.search_words import key_of_company
from register.identifiers import normalise_name

_KINDS = {
    "tmi": Company.Kind.SOLE_TRADER,
    "toiminimi": Company.Kind.SOLE_TRADER,
    "ry": Company.Kind.ASSOCIATION,
    "rf": Company.Kind.ASSOCIATION,
    "yhdistys": Company.Kind.ASSOCIATION,
    "säätiö": Company.Kind.ASSOCIATION,
    "saatio": Company.Kind.ASSOCIATION,
}


_COMPANIES = """
    SELECT id, name, business_id, kind, status FROM contacts_company WHERE id = ANY(ARRAY(
        SELECT company_id FROM contacts_companyword WHERE word = ANY(%(words)s)
        UNION SELECT id FROM contacts_company
        WHERE business_id = ANY(%(business_ids)s) AND business_id <> ''))
    ORDER BY created_at, id
"""
_COMPANIES_TRIED = """
    SELECT company_id, name, business_id, '', '' FROM import_trial_company
    WHERE word = ANY(%(words)s) OR business_id = ANY(%(business_ids)s)
    ORDER BY number
"""


@dataclasses.dataclass(slots=True)
class KnownCompany:
    """A company that is stored, or that this import makes."""

    id: uuid.UUID
    name: str
    business_id: str
    is_new: bool = False
    # Empty if not known.
    kind: str = ""
    status: str = ""

    def is_told_otherwise(self, person: Person) -> bool:
        """Whether a row says another kind or status than the company has."""
        return any(
            told and has and told != has
            for told, has in (
                (person.company_kind, self.kind),
                (person.company_status, self.status),
            )
        )


class CompanyMatcher:
    """Finds and makes the companies of some rows.

    ``made`` are new; ``numbered`` are known already and get a business id.
    """

    def __init__(self, *, trial: Trial | None = None) -> None:
        self._trial = trial
        self._by_id: dict[uuid.UUID, KnownCompany] = {}
        self._by_business_id: dict[str, KnownCompany] = {}
        self._by_name: dict[str, list[KnownCompany]] = defaultdict(list)
        self.made: list[KnownCompany] = []
        self.numbered: list[KnownCompany] = []

    def load(self, people: Iterable[Person]) -> None:
        """Fetch the companies that some rows may mean."""
        named = {
            "words": list(
                {key_of_company(row.company_name) for row in people if row.company_name}
            ),
            "business_ids": list(
                {row.business_id for row in people if row.business_id}
            ),
        }
        with connection.cursor() as cursor:
            cursor.execute(_COMPANIES, named)
            found = cursor.fetchall()
            if self._trial is not None:
                cursor.execute(_COMPANIES_TRIED, named)
                found += cursor.fetchall()
        for pk, name, business_id, kind, status in found:
            company = self._by_id.get(pk)
            if company is None:
                known = KnownCompany(pk, name, business_id, kind=kind, status=status)
                self._remember(known)
            else:  # it got its business id from an earlier row
                company.business_id = business_id
                self._by_business_id[business_id] = company

    def resolve(self, person: Person) -> KnownCompany | None:
        """Return the company of a row, making it if it is new; None if none is named.

        A business id that nobody has yet is given to a company of the same name that
        has none. Raises LookupError if there is an unknown business id and no name.
        """
        if not (person.company_name or person.business_id):
            return None
        if found := self._by_business_id.get(person.business_id):
            return found
        if not person.company_name:
            raise LookupError
        namesakes = self._by_name.get(_comparable(person.company_name), [])
        without_id = [company for company in namesakes if not company.business_id]
        if without_id:
            self._number(without_id[0], person.business_id)
            return without_id[0]
        if len(namesakes) == 1 and not person.business_id:
            return namesakes[0]
        company = KnownCompany(
            uuid.uuid4(),
            person.company_name,
            person.business_id,
            is_new=True,
            kind=person.company_kind or kind_of(person.company_name).value,
            status=person.company_status or Company.Status.PROSPECT.value,
        )
        self._remember(company)
        self.made.append(company)
        return company

    def default(self, company: Company | None) -> KnownCompany | None:
        """Return the company of people whose row names none."""
        if company is None:
            return None
        return KnownCompany(company.id, company.name, company.business_id)

    def remember_for_later(self) -> None:
        """Keep in the trial what these rows would have written."""
        if self._trial is not None:
            self._trial.remember_companies(
                (
                    company.id,
                    company.name,
                    company.business_id,
                    key_of_company(company.name),
                )
                for company in (*self.made, *self.numbered)
            )

    def _number(self, company: KnownCompany, business_id: str) -> None:
        if business_id:
            company.business_id = business_id
            self._by_business_id[business_id] = company
            if not company.is_new:
                self.numbered.append(company)

    def _remember(self, company: KnownCompany) -> None:
        self._by_id[company.id] = company
        if company.business_id:
            self._by_business_id[company.business_id] = company
        self._by_name[_comparable(company.name)].append(company)


def kind_of(name: str) -> Company.Kind:
    """Return the legal form that a company's name tells, the usual one if it tells none."""
    words = name.lower().replace(".", "").split()
    return next(
        (_KINDS[word] for word in (words[:1] + words[-1:]) if word in _KINDS),
        Company.Kind.COMPANY,
    )


def _comparable(name: str) -> str:
    return normalise_name(name) or name
