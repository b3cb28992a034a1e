"""The compiled data map: one immutable graph with a revision.

``graph()`` compiles the declarations of all installed models once per process; what
is worked out of it is kept with it (:func:`kept_with_map`). The
revision is the hash of the canonical JSON; packages, ledgers and notices cite it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import types
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.db import models

from register.datamap.declarations import (
    Ends,
    FieldDeclaration,
    Keys,
    ModelMap,
    NotPersonal,
    Subject,
)
from register.datamap.paths import SqlPath, compile_path
from register.datamap.third_party import THIRD_PARTY
from register.datamap.vocabulary import CLAUSES, Category

P = ParamSpec("P")
T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One table of the graph."""

    label: str
    model: type[models.Model]
    map: ModelMap

    def subjects(self, kind: str) -> tuple[Subject, ...]:
        """Return the declared ways from this table to persons of ``kind``."""
        return tuple(s for s in self.map.subjects if s.kind == kind)

    def sql_path(self, subject: Subject) -> SqlPath:
        """Return ``subject`` as SQL joins."""
        return compile_path(self.model, subject)[0]

    @property
    def file_fields(self) -> list[str]:
        """Names of the fields whose content is a stored file."""
        return [
            field.name
            for field in self.model._meta.concrete_fields
            if isinstance(field, models.FileField)
        ]


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """Every table there is, by label, with the revision of the whole.

    It never changes: whoever needs another map makes another graph.
    """

    entries: Mapping[str, Entry]
    # What was worked out of this graph, by function and arguments.
    _worked_out: dict[Hashable, Any] = dataclasses.field(
        default_factory=dict, repr=False
    )

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def __getitem__(self, label: str) -> Entry:
        return self.entries[label]

    def of(self, model: type[models.Model]) -> Entry:
        """Return the entry of ``model``."""
        return self.entries[model._meta.label]

    def personal(self) -> list[Entry]:
        """Return the tables that hold personal data."""
        return [entry for entry in self if entry.map.is_personal]

    def expiring(self) -> list[Entry]:
        """Return the tables whose rows end after a fixed period."""
        return [entry for entry in self if isinstance(entry.map.retention, Ends)]

    def root(self, kind: str) -> Entry:
        """Return the table of the persons of ``kind`` ("contact" or "staff")."""
        return next(entry for entry in self if entry.map.root == kind)

    @functools.cached_property
    def revision(self) -> str:
        """Hash of the canonical JSON: 16 hexadecimal digits of SHA-256."""
        canonical = json.dumps(
            self.as_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """Return the graph as plain data, for programs and for the revision."""
        return {entry.label: _entry_json(entry) for entry in self}


def all_models() -> list[type[models.Model]]:
    """Return every concrete table of the installation, many-to-many tables included."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def declaration_of(model: type[models.Model]) -> ModelMap | None:
    """Return what ``model`` (or :mod:`third_party`) declares, or None."""
    own = model.__dict__.get("data_map")
    return (
        own if isinstance(own, ModelMap) else THIRD_PARTY.get(model._meta.label_lower)
    )


def graph() -> Graph:
    """Return the map in force."""
    return _compiled()


@functools.cache
def _compiled() -> Graph:
    """Compile the map. Undeclared models are left out; the system checks name them."""
    found = {}
    for model in sorted(all_models(), key=lambda m: m._meta.label):
        declared = declaration_of(model)
        if declared is not None:
            found[model._meta.label] = Entry(model._meta.label, model, declared)
    return Graph(types.MappingProxyType(found))


def kept_with_map(function: Callable[P, T]) -> Callable[P, T]:
    """Work out once what ``function`` makes of its arguments and the map in force.

    Like ``functools.cache``; but another map has other tables at the same places.
    """

    @functools.wraps(function)
    def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        known = graph()._worked_out
        key = (function, args, tuple(kwargs.items()))
        if key not in known:
            known[key] = function(*args, **kwargs)
        return known[key]  # type: ignore[no-any-return]

    return kept


def category_of(model: type[models.Model]) -> Category | None:
    """Return the category that rights on ``model`` are given for."""
    declared = declaration_of(model._meta.concrete_model or model)
    return declared.category if declared else None


def _entry_json(entry: Entry) -> dict[str, Any]:
    declared = entry.map
    retention = declared.retention
    return {
        "table": entry.model._meta.db_table,
        "category": str(declared.category),
        "clause": CLAUSES[declared.category],
        "personal": declared.is_personal,
        "root": declared.root,
        "append_only": declared.append_only,
        "derived": declared.is_derived,
        **({"versions_of": declared.versions_of} if declared.versions_of else {}),
        "activity": declared.activity,
        "source": declared.source,
        "recipients": list(declared.recipients),
        "files": entry.file_fields,
        "subjects": [_plain(dataclasses.asdict(s)) for s in declared.subjects],
        "retention": (
            {"kind": type(retention).__name__, **dataclasses.asdict(retention)}
            if retention
            else None
        ),
        "fields": {
            name: _field_json(declared.fields[name]) for name in sorted(declared.fields)
        },
    }


def _field_json(declaration: FieldDeclaration) -> dict[str, Any]:
    if isinstance(declaration, NotPersonal):
        return {"personal": False, "reason": declaration.reason}
    if isinstance(declaration, Keys):
        return {
            "keys": {key: _field_json(inner) for key, inner in declaration.keys.items()}
        }
    return {"personal": True, **_plain(dataclasses.asdict(declaration))}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
