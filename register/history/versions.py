"""The table of earlier versions of a model, made from the model and its data map.

A version is a row as it was before it was changed or deleted. What was only added has
none: the live row is its newest version, and the audit trail knows who added it. So a
large import costs nothing here.

Versions are personal data like the rows that they were: same category, same ways to
the person, same declarations of fields. They go with the person, at the latest
:data:`KEPT` after the change. Free text in which others may be named, files, and what
the framework writes by itself are not kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from register.datamap.declarations import (
    SELF,
    Ends,
    FieldDeclaration,
    Keys,
    ModelMap,
    NotPersonal,
    Personal,
    Subject,
    WithParent,
)
from register.datamap.parts import goes_with_it
from register.datamap.vocabulary import Access, Erasure, Portability
from register.retention_column import Expiring

M = TypeVar("M", bound=models.Model)

# Long enough for a mistake to be noticed, for a merge or an import to be undone, and
# for "since when is that so?" of a yearly review; the controller's choice.
KEPT = "P24M"

# Columns of every version. The others are those of the row.
OWN = (
    "id",
    "changed_at",
    "change",
    "operation",
    "actor_kind",
    "actor_id",
    "purpose",
    "row_id",
    "forgotten",
    "kept_until",
    "ends_at",
)
ANCHOR = "of_"


class Change(models.TextChoices):
    """What became of the row."""

    CHANGED = "changed", _("changed")
    DELETED = "deleted", _("deleted")


@dataclasses.dataclass(frozen=True, slots=True)
class Anchor:
    """A column by which versions belong to something: a person, or the row itself.

    It begins as the row's ``column`` and follows a merge, while the old value stays.
    """

    name: str
    column: str
    target: type[models.Model]


@dataclasses.dataclass(frozen=True, slots=True)
class History:
    """A model, its table of versions, and which fields it keeps."""

    model: type[models.Model]
    versions: type[models.Model]
    fields: tuple[str, ...]
    anchors: tuple[Anchor, ...]


_HISTORIES: dict[str, History] = {}


def histories() -> list[History]:
    """Return all models that keep their history, in the order of their names."""
    return [_HISTORIES[label] for label in sorted(_HISTORIES)]


def history_of(model: type[models.Model]) -> History | None:
    """Return the history of ``model`` (or of the model whose versions it holds), or None."""
    label = model._meta.label_lower
    declared = model.__dict__.get("data_map")
    return _HISTORIES.get(getattr(declared, "versions_of", "") or label)


def keeps_history(model: type[M]) -> type[M]:
    """Give ``model`` a table of earlier versions (class decorator)."""
    declared: ModelMap = model.__dict__["data_map"]
    fields = tuple(_kept_fields(model, declared))
    anchors, subjects = _ways(model, declared, fields)
    limit = _limit(model, declared)
    name = f"{model.__name__}Version"
    versions = type(
        name,
        (Expiring,),
        {
            "__module__": model.__module__,
            "__qualname__": name,
            "__doc__": f"An earlier version of a row of {model.__name__}.",
            "__str__": lambda self: f"{name} {self.pk}",
            **_own_fields(model),
            **{anchor.name: _anchor_field(anchor) for anchor in anchors},
            **{field: _copy(model._meta.get_field(field)) for field in fields},
            "data_map": _map(model, declared, fields, anchors, subjects, limit),
            "Meta": _meta(model, name, anchors),
        },
    )
    _HISTORIES[model._meta.label_lower] = History(model, versions, fields, anchors)
    return model


def _kept_fields(model: type[models.Model], declared: ModelMap) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        declaration = declared.fields.get(field.name)
        is_automatic = getattr(field, "auto_now", False) or field.name == "ends_at"
        if field.primary_key or is_automatic or isinstance(field, models.FileField):
            continue
        if _names_others(declaration) or _is_secret(declaration):
            continue
        yield field.name


def _names_others(declaration: FieldDeclaration | None) -> bool:
    if isinstance(declaration, Keys):
        return any(_names_others(inner) for inner in declaration.keys.values())
    return isinstance(declaration, Personal) and declaration.mentions_others


def _is_secret(declaration: FieldDeclaration | None) -> bool:
    return isinstance(declaration, Personal) and declaration.access is Access.WITHHOLD


def _ways(
    model: type[models.Model], declared: ModelMap, fields: tuple[str, ...]
) -> tuple[tuple[Anchor, ...], tuple[Subject, ...]]:
    """Return the anchors that the ways to people need, and the ways over them."""
    anchors: dict[str, Anchor] = {}
    subjects = []
    for subject in declared.subjects:
        if not subject.path:
            subjects.append(dataclasses.replace(subject, erasure=_part(subject)))
            continue
        step, _dot, rest = subject.path.partition("__")
        anchor = _anchor(model, step)
        anchors[anchor.name] = anchor
        if anchor.target is model and anchor.name == f"{ANCHOR}self":
            rest = "" if subject.path == SELF else subject.path
        path = "__".join(part for part in (anchor.name, rest) if part)
        when = subject.when
        if when and "__" in when[0]:
            when_step, _dot, when_rest = when[0].partition("__")
            whole = _anchor(model, when_step)
            anchors[whole.name] = whole
            when = (f"{whole.name}__{when_rest}", when[1])
        elif when and when[0] not in fields:
            raise TypeError(f"{model.__name__}: {when[0]} is not kept in its history.")
        subjects.append(
            dataclasses.replace(subject, path=path, when=when, erasure=_part(subject))
        )
    return tuple(anchors.values()), tuple(subjects)


def _part(subject: Subject) -> Erasure:
    # A version is part of its row: it goes with it, and stays with it.
    if subject.erasure is Erasure.DELETE_WHEN_LAST:
        return Erasure.SCRUB
    return subject.erasure


def _anchor(model: type[models.Model], step: str) -> Anchor:
    field = None
    if step != SELF and step in {f.name for f in model._meta.concrete_fields}:
        field = model._meta.get_field(step)
    if isinstance(field, models.ForeignKey):
        return Anchor(f"{ANCHOR}{step}", str(field.column), field.remote_field.model)
    # Of the person's own record, or of one that others point at.
    return Anchor(f"{ANCHOR}self", str(model._meta.pk.column), model)


def _limit(model: type[models.Model], declared: ModelMap) -> bool:
    """Whether the row has an end of its own, which its versions must not outlive."""
    retention = declared.retention
    if isinstance(retention, WithParent):
        target = model._meta.get_field(retention.parent).remote_field.model  # type: ignore[union-attr]
        whole = target.__dict__.get("data_map")
        if isinstance(whole, ModelMap) and isinstance(whole.retention, Ends):
            raise TypeError(f"{model.__name__} ends with its whole: keep no history.")
    return isinstance(retention, Ends)


def _own_fields(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    # The plugin of mypy bears this field only in the body of a model.
    array_field: Any = ArrayField
    return {
        "id": models.BigAutoField(primary_key=True),
        "changed_at": models.DateTimeField(_("changed"), editable=False),
        "change": models.CharField(_("change"), max_length=7, choices=Change),
        # Shared by all that was changed by one action, import, merge or job.
        "operation": models.UUIDField(_("action")),
        "actor_kind": models.CharField(_("kind of actor"), max_length=10, blank=True),
        "actor_id": models.CharField(_("actor"), max_length=40, blank=True),
        "purpose": models.CharField(_("purpose"), max_length=40, blank=True),
        "row_id": _copy(model._meta.pk, is_null=False),
        # Names of fields whose old value was removed (GDPR Art. 16 and 17).
        "forgotten": array_field(
            models.CharField(max_length=64), verbose_name=_("removed"), default=list
        ),
        "kept_until": models.DateTimeField(_("kept until"), null=True),
    }


def _copy(field: Any, *, is_null: bool = True) -> models.Field[Any, Any]:
    """Return a column that holds what ``field`` held, without its rules."""
    if isinstance(field, models.ForeignKey):
        made = _copy(field.target_field, is_null=is_null)
        made.verbose_name = field.verbose_name
        made.db_column = field.column
        return made
    # Any: the plugin of mypy bears no field whose class is a variable.
    plain: dict[Any, Any] = {
        models.BigAutoField: models.BigIntegerField,
        models.AutoField: models.IntegerField,
    }
    kind: Any = plain.get(type(field), type(field))
    _name, _path, args, options = field.deconstruct()
    for rule in (
        "primary_key",
        "unique",
        "db_index",
        "default",
        "auto_now",
        "auto_now_add",
        "validators",
        "help_text",
        "auto_created",
        "serialize",
        "editable",
    ):
        options.pop(rule, None)
    options |= {"null": is_null, "blank": is_null}
    made = kind(*args, **options)
    made.verbose_name = field.verbose_name
    return made  # type: ignore[no-any-return]


def _anchor_field(anchor: Anchor) -> models.Field[Any, Any]:
    # The plugin of mypy bears no foreign key whose model is a variable.
    foreign_key: Any = models.ForeignKey
    # Without a constraint: a version may outlive its row, and goes with the person.
    return foreign_key(  # type: ignore[no-any-return]
        anchor.target,
        goes_with_it,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=anchor.target._meta.verbose_name,
    )


def _map(
    model: type[models.Model],
    declared: ModelMap,
    fields: tuple[str, ...],
    anchors: tuple[Anchor, ...],
    subjects: tuple[Subject, ...],
    limit: bool,  # noqa: FBT001 - handed on
) -> ModelMap:
    observed = Portability.OBSERVED
    is_root = bool(declared.root)
    own: dict[str, FieldDeclaration] = {
        "id": NotPersonal("number of the version"),
        "changed_at": Personal("until when it stood so", portability=observed),
        "change": NotPersonal("vocabulary"),
        "operation": NotPersonal("number of the action"),
        "actor_kind": NotPersonal("vocabulary"),
        "actor_id": NotPersonal("account that acted; the audit trail answers for it"),
        "purpose": Personal("for what purpose it was changed", portability=observed),
        "row_id": (
            Personal("number of the record", portability=observed)
            if is_root
            else NotPersonal("number of the record")
        ),
        "forgotten": NotPersonal("names of fields"),
        "kept_until": NotPersonal("end of the record it is a version of"),
        "ends_at": NotPersonal("due instant"),
    }
    for anchor in anchors:
        own[anchor.name] = Personal("whose earlier version", portability=observed)
    return ModelMap(
        category=declared.category,
        subjects=subjects,
        activity=declared.activity,
        source=declared.source or "the record itself",
        recipients=declared.recipients,
        retention=Ends(
            "earlier_versions",
            KEPT,
            "changed_at",
            lag="P1D",
            no_later_than="kept_until" if limit else "",
        ),
        fields=own | {name: declared.fields[name] for name in fields},
        reached_with=_reached_with(declared, fields, anchors),
        versions_of=model._meta.label_lower,
    )


def _reached_with(
    declared: ModelMap, fields: tuple[str, ...], anchors: tuple[Anchor, ...]
) -> tuple[str, ...]:
    """Return the anchors by which versions are reached as the row that they are of."""
    known = {anchor.name for anchor in anchors}
    names = {f"{ANCHOR}{name}" for name in declared.reached_with}
    # Of a person's own record the way to the person is there already.
    if not declared.root and {"responsible", "team"} <= set(fields):
        names.add(f"{ANCHOR}self")
    return tuple(sorted(names & known))


def _meta(model: type[models.Model], name: str, anchors: tuple[Anchor, ...]) -> type:
    # PostgreSQL and Django allow thirty characters.
    lower = f"{model.__name__.lower()[:16]}_old"
    return type(
        "Meta",
        (),
        {
            "app_label": model._meta.app_label,
            "verbose_name": format_lazy(
                _("{record}: earlier version"), record=model._meta.verbose_name
            ),
            "verbose_name_plural": format_lazy(
                _("{records}: earlier versions"),
                records=model._meta.verbose_name_plural,
            ),
            "indexes": [
                # The history of one record, newest first.
                models.Index(fields=["row_id", "-id"], name=f"{lower}_row"),
                # What one action changed, to be undone.
                models.Index(fields=["operation"], name=f"{lower}_op"),
                # Of a person: history, package, erasure.
                *(
                    models.Index(
                        fields=[anchor.name, "-id"], name=f"{lower}_{anchor.name[3:12]}"
                    )
                    for anchor in anchors
                ),
            ],
        },
    )
