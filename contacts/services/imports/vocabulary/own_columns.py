"""The columns that our file of rows with errors adds at the end."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from contacts.services.imports.vocabulary.keys import key

ROW, WHAT_IS_WRONG = _("Row"), _("What is wrong")


@functools.cache
def own_columns() -> frozenset[tuple[str, str]]:
    """Return what our file of rows with errors calls its last two columns."""
    found = set()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found.add((key(str(ROW)), key(str(WHAT_IS_WRONG))))
    return frozenset(found)


def without_own_columns(header: Sequence[str]) -> Sequence[str]:
    """Return a header without what our file of rows with errors added to it."""
    last = tuple(key(name) for name in header[-2:])
    return header[:-2] if last in own_columns() else header
