"""What a reader sees of single fields: all, a mask, or nothing.

A field is one that the data map calls personal. Whoever shows, sorts, filters, searches,
writes or exports a value asks here first::

    access.shown(user, ContactPoint, "value", kind="phone")      # is anything shown?
    access.in_clear(user, ContactPoint, "value", kind="phone")   # the value itself?
    access.editable(user, ContactPoint, "value", kind="phone")   # may it be written?
    access.present(user, point, "value")   # the value, its mask, or "" if it is hidden

Without a rule of a role, a field is seen and changed by whoever may see and change its
category. ``kind`` is asked only of fields of several kinds (``varies_by`` in the data
map); left out, the strictest of all kinds answers, so that a column with both kinds in
it never betrays one of them.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from register.access.masks import masked
from register.access.rights import granted
from register.datamap.declarations import Personal
from register.datamap.graph import declaration_of, graph, kept_with_map
from register.datamap.vocabulary import HEEDED, Category, Identifier, Level

M = TypeVar("M", bound=models.Model)

_ORDER = list(Level)


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field for which roles may have a rule, or one kind of what stands in it."""

    model: type[models.Model]
    name: str
    declaration: Personal
    kind: str = ""

    @property
    def code(self) -> str:
        """Return how rules name it: ``contacts.contactpoint.value:phone``."""
        code = f"{self.model._meta.label_lower}.{self.name}"
        return f"{code}:{self.kind}" if self.kind else code

    @property
    def category(self) -> Category:
        """Return the category whose rights come first."""
        return graph().of(self.model).map.category

    @property
    def identifies(self) -> tuple[Identifier, ...]:
        """Return by what the value finds a person, which is how it is masked."""
        if self.kind in self.declaration.identifies:
            return (Identifier(self.kind),)
        return self.declaration.identifies

    @property
    def label(self) -> str:
        """Return what the field is called, with its kind."""
        field: Any = self.model._meta.get_field(self.name)
        if not self.kind:
            return str(getattr(field, "verbose_name", self.name))
        by: Any = self.model._meta.get_field(self.declaration.varies_by)
        return str(dict(by.flatchoices)[self.kind])


@kept_with_map
def all_fields() -> dict[str, Field]:
    """Return every field that a rule may be about, by code, in the order of the map.

    Keys and links are none: without them nothing would be left of a row. What binds
    whoever works with a person is seen by all who may see its category.
    """
    found: dict[str, Field] = {}
    for entry in graph():
        if entry.map.category in HEEDED or not entry.map.subjects:
            continue
        if entry.map.versions_of:
            continue  # what stood in a row is seen as what stands in it
        for name, declaration in entry.map.personal_fields():
            for field in _fields(entry.model, name, declaration):
                found[field.code] = field
    return found


def _fields(model: type[models.Model], name: str, declaration: Personal) -> list[Field]:
    try:
        column: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return []  # a key of a JSON field goes with the whole
    if column.primary_key or column.is_relation or name == "ends_at":
        return []
    if not declaration.varies_by:
        return [Field(model, name, declaration)]
    by: Any = model._meta.get_field(declaration.varies_by)
    return [Field(model, name, declaration, str(kind)) for kind, _ in by.flatchoices]


def level(
    reader: object, model: type[models.Model], name: str, *, kind: str = ""
) -> Level:
    """Return what a reader sees of a field; full if nobody can have a rule for it.

    Hidden for whoever may not see the category at all.
    """
    rights = granted(reader)
    declared = declaration_of(model)
    if declared is None:
        return Level.HIDDEN
    start = f"{_label(model)}.{name}"
    codes = [
        code
        for code in (
            [f"{start}:{kind}"] if kind else [start, *_kinds_of(model, name, start)]
        )
        if code in all_fields()
    ]
    # A rule can only be about a field of the map; "" has none.
    levels = [rights.level(declared.category, code) for code in codes or [""]]
    return min(levels, key=_ORDER.index)


def _label(model: type[models.Model]) -> str:
    """Return the table that rules are about: of earlier versions, that of the rows."""
    declared = declaration_of(model)
    return (declared.versions_of if declared else "") or model._meta.label_lower


@kept_with_map
def _kinds_of(model: type[models.Model], name: str, start: str) -> tuple[str, ...]:
    return tuple(code for code in all_fields() if code.startswith(f"{start}:"))


def shown(
    reader: object, model: type[models.Model], name: str, *, kind: str = ""
) -> bool:
    """Whether anything of a field is shown, be it a mask."""
    return level(reader, model, name, kind=kind) is not Level.HIDDEN


def in_clear(
    reader: object, model: type[models.Model], name: str, *, kind: str = ""
) -> bool:
    """Whether a reader sees the value itself.

    Only then may the value be searched, sorted, filtered, compared or exported by.
    """
    return level(reader, model, name, kind=kind) in (Level.READ_ONLY, Level.FULL)


def editable(
    reader: object, model: type[models.Model], name: str, *, kind: str = ""
) -> bool:
    """Whether the rules for fields let a reader write it; rights to rows come besides."""
    return level(reader, model, name, kind=kind) is Level.FULL


def present(reader: object, row: models.Model, name: str) -> Any:
    """Return a row's value as a reader sees it: itself, its mask, or "" if hidden."""
    value, kind = getattr(row, name), kind_of(row, name)
    return present_value(reader, type(row), name, value, kind=kind)


def present_value(
    reader: object, model: type[models.Model], name: str, value: Any, *, kind: str = ""
) -> Any:
    """Do the same for a value that was read without its row."""
    seen = level(reader, model, name, kind=kind)
    if seen is Level.HIDDEN:
        return ""
    if seen is Level.MASKED:
        return mask_of(model, name, value, kind=kind)
    return value


def as_seen(reader: object, row: M) -> M:
    """Return a copy of a row with masks in place of what the reader does not see.

    What is computed from its fields (a full name) follows, and rows that were read along
    with it (a chat's people, the company of a role) are seen the same way. The copy
    cannot be stored; ``masked_fields`` names what stands masked in it.
    """
    return _seen(reader, row, {})


def as_seen_in(reader: object, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template is given, with its rows and lists of rows as a reader sees them."""
    if not granted(reader).levels:
        return dict(shown)
    known: dict[int, Any] = {}
    return {name: _seen_value(reader, value, known) for name, value in shown.items()}


def _seen(reader: object, row: M, known: dict[int, Any]) -> M:
    if id(row) in known:
        return known[id(row)]  # type: ignore[no-any-return]
    hidden = {
        name
        for name in row_fields(type(row))
        if name in row.__dict__ and not _is_clear(reader, row, name)
    }
    has_rules = bool(granted(reader).levels)
    if not hidden and not has_rules:
        return row
    seen = copy.copy(row)
    if has_rules:
        # First known, then followed: rows read along point back.
        known[id(row)] = seen
        _follow(reader, seen, known)
    if not hidden:
        return seen
    for name in hidden:
        seen.__dict__[name] = present(reader, row, name)
    seen.__dict__["masked_fields"] = frozenset(
        name for name in hidden if seen.__dict__[name]
    )
    seen.__dict__["save"] = seen.__dict__["delete"] = _refuse
    return seen


def _follow(reader: object, seen: models.Model, known: dict[int, Any]) -> None:
    """Put rows as they are seen in place of those that were read along with one."""
    related = seen._state.fields_cache
    for name, other in list(related.items()):
        related[name] = _seen_value(reader, other, known)
    read_ahead = seen.__dict__.get("_prefetched_objects_cache", {})
    if read_ahead:
        seen.__dict__["_prefetched_objects_cache"] = {
            name: _seen_rows(reader, rows, known) for name, rows in read_ahead.items()
        }
    for name, value in list(seen.__dict__.items()):
        if isinstance(value, list):
            seen.__dict__[name] = _seen_value(reader, value, known)


def _seen_rows(reader: object, rows: Any, known: dict[int, Any]) -> Any:
    """Return rows that were read already, as the query that they are the answer of."""
    copied = rows._chain()
    copied._result_cache = [_seen_value(reader, row, known) for row in rows]
    copied._prefetch_done = True
    return copied


def _seen_value(reader: object, value: Any, known: dict[int, Any]) -> Any:
    if isinstance(value, models.Model):
        return _seen(reader, value, known)
    if isinstance(value, models.QuerySet):
        return [_seen_value(reader, each, known) for each in value]
    if isinstance(value, list):
        return [_seen_value(reader, each, known) for each in value]
    return value


def _refuse(*args: object, **kwargs: object) -> None:
    raise RuntimeError("A row with masks in it is not stored.")


def _is_clear(reader: object, row: models.Model, name: str) -> bool:
    return in_clear(reader, type(row), name, kind=kind_of(row, name))


def kind_of(row: models.Model, name: str) -> str:
    """Return by which kind a field of a row is seen; "" asks for the strictest."""
    declared = declaration_of(type(row))
    declaration = declared.fields.get(name) if declared else None
    by = declaration.varies_by if isinstance(declaration, Personal) else ""
    return str(getattr(row, by) or "") if by else ""


@kept_with_map
def row_fields(model: type[models.Model]) -> tuple[str, ...]:
    """Return the names of the fields of a table that rules may be about."""
    label = _label(model)
    names = (
        field.name
        for field in all_fields().values()
        if field.model._meta.label_lower == label
    )
    return tuple(dict.fromkeys(names))


def mask_of(model: type[models.Model], name: str, value: Any, *, kind: str = "") -> str:
    """Return the mask of a value of a field."""
    code = f"{_label(model)}.{name}" + (f":{kind}" if kind else "")
    field = all_fields().get(code)
    return masked(value, field.identifies if field else ())


def unseen(reader: object, model: type[models.Model]) -> frozenset[str]:
    """Return the names of fields that a reader does not see in clear, in whole or in part."""
    names = row_fields(model)
    if not granted(reader).levels and (not names or in_clear(reader, model, names[0])):
        return frozenset()  # no role has a rule: all or nothing
    return frozenset(n for n in names if not in_clear(reader, model, n))
