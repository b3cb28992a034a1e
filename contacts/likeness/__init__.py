"""How alike two records are: pure questions about what stands in them.

Nothing here reads or writes the database but the weights, so that a warning while
typing and the nightly comparison of everybody answer alike.
"""

from __future__ import annotations

from contacts.likeness.companies import CompanyFacts, features_of_companies
from contacts.likeness.people import (
    DOTLESS,
    PersonFacts,
    address_key,
    features_of_people,
)
from contacts.likeness.weights import Weights, weights_for

__all__ = [
    "DOTLESS",
    "CompanyFacts",
    "PersonFacts",
    "Weights",
    "address_key",
    "features_of_companies",
    "features_of_people",
    "weights_for",
]
