"""Changes in words, as far as their reader may see them."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import Any

from django.db import models
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from register import access
from register.datamap.graph import declaration_of
from register.datamap.vocabulary import Action
from register.history.changes import Step
from register.models import User

# Written by the register itself beside what somebody changed.
_BY_ITSELF = frozenset({"created_at", "ended_at", "collected_at", "notice"})


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """What a field held before and afterwards, in words; "" stands for nothing.

    ``is_own`` tells that somebody who may see it in clear sees it, so that it can be
    put back; ``was_removed`` and ``now_removed`` that the value itself was taken out.
    """

    name: str
    label: str
    was: str
    now: str
    is_clear: bool
    was_removed: bool = False
    now_removed: bool = False


class Words:
    """Says what stands in fields to one reader; remembers whom keys belong to."""

    def __init__(self, reader: object) -> None:
        self._reader = reader
        self._named: dict[tuple[type[models.Model], Any], str] = {}

    def title(self, step: Step) -> str:
        """Return what kind of record it is."""
        model = step.history.model
        row = step.was if step.was is not None else step.now
        for name in step.history.fields:
            if kind := access.kind_of(row, name):
                declaration: Any = step.history.model.data_map.fields[name]  # type: ignore[attr-defined]
                return str(capfirst(self.say(model, declaration.varies_by, kind)))
        return str(capfirst(model._meta.verbose_name))

    def lines(self, step: Step) -> list[Line]:
        """Return the fields that differ; all that held something if the row went or came."""
        lines = []
        for name in step.history.fields:
            if name in _BY_ITSELF or self._is_whose(step, name):
                continue
            was, now = _of(step.was, name), _of(step.now, name)
            removed = (_is_forgotten(step.was, name), _is_forgotten(step.now, name))
            is_whole = step.is_deleted or step.is_added
            differs = (
                was != now and step.now is not None
                if not is_whole
                else _tells(was, now)
            )
            if not differs and not any(removed):
                continue
            line = self._line(step, name, was, now, removed)
            if line is not None:
                lines.append(line)
        return lines

    def row(self, step: Step) -> str:
        """Return which of several rows of a kind it is, as far as that is to be seen."""
        row = step.now if step.now is not None else step.was
        for name in ("value", "company", "topic", "service"):
            if name in step.history.fields and not _is_forgotten(row, name):
                level = access.level(
                    self._reader,
                    step.history.model,
                    name,
                    kind=access.kind_of(row, name),
                )
                if level is not access.Level.HIDDEN:
                    shown = self._shown(step, row, name)
                    return self.say(step.history.model, name, shown)
        return ""

    def say(self, model: type[models.Model], name: str, value: Any) -> str:
        """Return a value in words."""
        field: Any = model._meta.get_field(name)
        if value is None or value == "" or value == []:
            return ""
        if field.is_relation:
            return self._name_of(field.remote_field.model, value)
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, datetime):
            return formats.date_format(
                timezone.localtime(value), "SHORT_DATETIME_FORMAT"
            )
        if isinstance(value, date):
            return formats.date_format(value, "SHORT_DATE_FORMAT")
        if isinstance(value, list | tuple):
            return ", ".join(map(str, value))
        return str(dict(field.flatchoices).get(value, value))

    def _is_whose(self, step: Step, name: str) -> bool:
        # Whose a row is, is known where it is shown; a merge alone changes it.
        field: Any = step.history.model._meta.get_field(name)
        if not field.is_relation or field.remote_field.model is User:
            return False
        return any(a.column == field.column for a in step.history.anchors) and (
            step.now is None or step.was is None
        )

    def _line(
        self, step: Step, name: str, was: Any, now: Any, removed: tuple[bool, bool]
    ) -> Line | None:
        model = step.history.model
        kind = access.kind_of(step.was if step.was is not None else step.now, name)
        level = access.level(self._reader, model, name, kind=kind)
        if level is access.Level.HIDDEN:
            return None
        shown = [
            access.present_value(self._reader, model, name, value, kind=kind)
            for value in (was, now)
        ]
        is_clear = access.in_clear(self._reader, model, name, kind=kind)
        words = [
            self.say(model, name, value) if is_clear else str(value) for value in shown
        ]
        field: Any = model._meta.get_field(name)
        return Line(
            name,
            str(capfirst(field.verbose_name)),
            "" if removed[0] else words[0],
            "" if removed[1] else words[1],
            is_clear,
            *removed,
        )

    def _shown(self, step: Step, row: Any, name: str) -> Any:
        return access.present_value(
            self._reader,
            step.history.model,
            name,
            _of(row, name),
            kind=access.kind_of(row, name),
        )

    def _name_of(self, model: type[models.Model], key: Any) -> str:
        """Return what the row of a key is called, as far as the reader may know."""
        if (model, key) in self._named:
            return self._named[model, key]
        self._named[model, key] = self._ask_name(model, key)
        return self._named[model, key]

    def _ask_name(self, model: type[models.Model], key: Any) -> str:
        declared = declaration_of(model)
        is_of_people = declared is not None and bool(declared.subjects)
        row = None
        if (
            model is User
            or not is_of_people
            or access.may_model(self._reader, Action.VIEW, model)
        ):
            row = model._default_manager.filter(pk=key).first()
        if row is None:
            return _("not shown or no longer there")
        if isinstance(row, User):
            return row.get_full_name()
        if not is_of_people:
            name = str(getattr(row, "name", ""))
            return _(name) if name else str(row)
        seen: Any = access.as_seen(self._reader, row)
        name = getattr(seen, "full_name", "") or getattr(seen, "name", "")
        return str(name) or _("no name")


def _of(row: Any, name: str) -> Any:
    """Return a field of a row or of its version: of a foreign key, the key."""
    if row is None:
        return None
    field = row._meta.get_field(name)
    return getattr(row, field.attname)


def _is_forgotten(row: Any, name: str) -> bool:
    return name in getattr(row, "forgotten", ())


def _tells(*values: Any) -> bool:
    return any(value not in (None, "", [], False) for value in values)
