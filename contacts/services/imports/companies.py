"""Recognising companies: by business id, else by exactly the same name."""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from contacts.models import Company, CompanyWord
from contacts.selectors import LONGEST_WORD
from contacts.services.imports.rows import Person
from register.identifiers import name_words, normalise_name

_KINDS = {
    "tmi": Company.Kind.SOLE_TRADER,
    "toiminimi": Company.Kind.SOLE_TRADER,
    "ry": Company.Kind.ASSOCIATION,
    "rf": Company.Kind.ASSOCIATION,
    "yhdistys": Company.Kind.ASSOCIATION,
    "säätiö": Company.Kind.ASSOCIATION,
    "saatio": Company.Kind.ASSOCIATION,
}


@dataclasses.dataclass(slots=True)
class KnownCompany:
    """A company that is stored, or that this import makes."""

    id: uuid.UUID
    name: str
    business_id: str
    is_stored: bool = True


class CompanyMatcher:
    """Finds and makes the companies of an import. What is found is remembered."""

    def __init__(self) -> None:
        self._by_business_id: dict[str, KnownCompany] = {}
        self._by_name: dict[str, list[KnownCompany]] = defaultdict(list)
        self._known: set[uuid.UUID] = set()
        self.made: list[KnownCompany] = []
        self.numbered: list[KnownCompany] = []

    def load(self, people: Iterable[Person]) -> None:
        """Fetch the companies that some rows may mean, with two queries."""
        business_ids = {row.business_id for row in people if row.business_id}
        names = {row.company_name for row in people if row.company_name}
        unknown = {name for name in names if _comparable(name) not in self._by_name}
        rare = {max(words, key=len) for name in unknown if (words := name_words(name))}
        # As a list: joined with OR, a subquery would read the whole table.
        by_word = CompanyWord.objects.filter(
            word__in=[word[:LONGEST_WORD] for word in rare]
        ).values_list("company", flat=True)
        wanted = {_comparable(name) for name in unknown}
        found = Company.objects.filter(
            Q(business_id__in=business_ids - self._by_business_id.keys())
            | Q(name__in=unknown)
            | Q(pk__in=list(by_word))
        ).order_by("created_at", "pk")
        for pk, name, business_id in found.values_list("pk", "name", "business_id"):
            is_meant = business_id in business_ids or _comparable(name) in wanted
            if is_meant and pk not in self._known:
                self._remember(KnownCompany(pk, name, business_id))

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
            uuid.uuid4(), person.company_name, person.business_id, is_stored=False
        )
        self._remember(company)
        self.made.append(company)
        return company

    def settle(self) -> None:
        """Forget what was to be written, after it was."""
        for company in self.made:
            company.is_stored = True
        self.made, self.numbered = [], []

    def _number(self, company: KnownCompany, business_id: str) -> None:
        if business_id:
            company.business_id = business_id
            self._by_business_id[business_id] = company
            if company.is_stored:
                self.numbered.append(company)

    def _remember(self, company: KnownCompany) -> None:
        self._known.add(company.id)
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
