"""Files of many people that no row connects with the person, such as a list just sent in.

Nothing says who is in such a file before it is read into rows, so an erasure cannot
plan for it. It is treated as if a row had said so: a file that erasure takes from its
row is taken once the person is found in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from django.db import models

from dsar.mentions import Crowd, Mentions
from dsar.services.erasure_claims import claims_in_force
from dsar.services.verification_places import texts_of_file
from register import files
from register.datamap.declarations import Personal
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Erasure


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A stored file in which the person stands."""

    model: type[models.Model]
    field: str
    key: Any

    def remove(self) -> int:
        """Empty the field and order the file removed, in the caller's transaction.

        Returns how many files that are: none if the row has gone meanwhile.
        """
        removed = files.order_removal_of_rows(self.model, self.field, [self.key])
        self.model._base_manager.filter(pk=self.key).update(**{self.field: ""})
        return removed


def files_with(
    mentions: Mentions | Crowd, *, includes_namesakes: bool
) -> Iterator[Found]:
    """Yield the files in which the person stands, but for those that a claim holds.

    An address or number shows that the person is meant; the mere name does so only
    with ``includes_namesakes``.
    """
    claims = claims_in_force()
    for entry, field in _columns():
        filled = entry.model._base_manager.exclude(**{field: ""})
        for key, path in filled.order_by("pk").values_list("pk", field).iterator():
            if claims.on(entry, [key], besides=()):
                continue
            if _is_in(mentions, path, includes_namesakes=includes_namesakes):
                yield Found(entry.model, field, key)


def _columns() -> Iterator[tuple[Entry, str]]:
    for entry in graph().personal():
        for name in entry.file_fields:
            declaration = entry.map.fields[name]
            if (
                isinstance(declaration, Personal)
                and declaration.erasure is Erasure.BLANK
            ):
                yield entry, name


def _is_in(mentions: Mentions | Crowd, path: str, *, includes_namesakes: bool) -> bool:
    return any(
        mentions.certain(text) or (includes_namesakes and mentions.names(text))
        for text in texts_of_file(path)
    )
