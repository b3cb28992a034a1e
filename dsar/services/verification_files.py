"""Files of many people that no row connects with the person, such as a list just sent in.

Nothing says who is in such a file before it is read into rows, so an erasure cannot
plan for it. It is treated as if a row had said so: a file that erasure takes from its
row is taken once the person is found in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models, transaction

from dsar.mentions import Crowd, Mentions
from dsar.services.verification_places import texts_of_file
from register import files
from register.datamap.declarations import Personal
from register.datamap.graph import graph
from register.datamap.vocabulary import Erasure


def remove_with(mentions: Mentions | Crowd, *, includes_namesakes: bool) -> int:
    """Remove the files in which the person stands; return how many. May be repeated.

    An address or number shows that the person is meant; the mere name does so only
    with ``includes_namesakes``.
    """
    removed = 0
    for model, field in _columns():
        held = model._base_manager.exclude(**{field: ""})
        for key, path in held.order_by("pk").values_list("pk", field).iterator():
            if not _is_in(mentions, path, includes_namesakes=includes_namesakes):
                continue
            with transaction.atomic():
                removed += files.order_removal_of_rows(model, field, [key])
                held.filter(pk=key).update(**{field: ""})
    return removed


def _columns() -> Iterator[tuple[type[models.Model], str]]:
    for entry in graph().personal():
        for name in entry.file_fields:
            declaration = entry.map.fields[name]
            if (
                isinstance(declaration, Personal)
                and declaration.erasure is Erasure.BLANK
            ):
                yield entry.model, name


def _is_in(mentions: Mentions | Crowd, path: str, *, includes_namesakes: bool) -> bool:
    return any(
        mentions.certain(text) or (includes_namesakes and mentions.names(text))
        for text in texts_of_file(path)
    )
