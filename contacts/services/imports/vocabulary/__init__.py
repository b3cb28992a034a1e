"""The words by which a file is understood, in Finnish, Swedish and English.

Everything that is guessed from words stands here and nowhere else: what columns are
called, in files people type and in the exports of known products, which columns are
known and yet not taken, and how cells say yes and no. Words are compared by
:func:`key`: without accents, case, blanks and marks, so that one spelling is enough.
"""

from __future__ import annotations

from contacts.services.imports.vocabulary.columns import (
    HEADINGS,
    NOT_TAKEN,
    is_heading,
    meanings,
    reasons_not_to_take,
)
from contacts.services.imports.vocabulary.keys import key, key_without_number
from contacts.services.imports.vocabulary.own_columns import (
    ROW,
    WHAT_IS_WRONG,
    own_columns,
    without_own_columns,
)
from contacts.services.imports.vocabulary.products import (
    MEANT_BY_PRODUCT,
    PRODUCT_NAMES,
    product_of,
)
from contacts.services.imports.vocabulary.values import (
    COMPANY_KINDS,
    COMPANY_STATUSES,
    COUNTRIES,
    LANGUAGES,
    NO,
    RELATIONSHIPS,
    SPREADSHEET_ERRORS,
    USAGES,
    YES,
)

__all__ = [
    "COMPANY_KINDS",
    "COMPANY_STATUSES",
    "COUNTRIES",
    "HEADINGS",
    "LANGUAGES",
    "MEANT_BY_PRODUCT",
    "NO",
    "NOT_TAKEN",
    "PRODUCT_NAMES",
    "RELATIONSHIPS",
    "ROW",
    "SPREADSHEET_ERRORS",
    "USAGES",
    "WHAT_IS_WRONG",
    "YES",
    "is_heading",
    "key",
    "key_without_number",
    "meanings",
    "own_columns",
    "product_of",
    "reasons_not_to_take",
    "without_own_columns",
]
