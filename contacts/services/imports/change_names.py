"""What an import changes, in words: records are told by their names."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.utils.translation import gettext

from contacts.models import Contact, Duty, ImportChange, Topic
from contacts.services.imports.rows import Person
from register.models import Team, User

Field = ImportChange.Field


class ChangeNames:
    """The names of what some changes refer to, fetched once."""

    def __init__(self, changes: Iterable[ImportChange]) -> None:
        keys: dict[str, set[str]] = {}
        for change in changes:
            keys.setdefault(change.field, set()).update({change.old, change.new} - {""})
        people = [key for key in keys.get(Field.RESPONSIBLE, ()) if _is_uuid(key)]
        self._colleagues = {
            str(user.pk): user.get_full_name() or user.email
            for user in User.objects.filter(pk__in=people)
        }
        teams = [key for key in keys.get(Field.TEAM, ()) if key.isdecimal()]
        self._teams = {
            str(pk): name
            for pk, name in Team.objects.filter(pk__in=teams).values_list("pk", "name")
        }
        self._duties = (
            dict(Duty.objects.values_list("code", "name"))
            if {Field.DUTY, Field.ROLE} & keys.keys()
            else {}
        )
        self._topics = (
            {str(pk): name for pk, name in Topic.objects.values_list("pk", "name")}
            if Field.INTEREST in keys
            else {}
        )

    def in_words(self, change: ImportChange, value: str) -> str:
        """Return one of the values of a change as people read it."""
        match change.field:
            case Field.RESPONSIBLE:
                return self._colleagues.get(value, value)
            case Field.TEAM:
                return self._teams.get(value, value)
            case Field.DUTY:
                return gettext(self._duties.get(value, value)) if value else ""
            case Field.INTEREST if value == change.new:
                return gettext(self._topics.get(value, value))
            case Field.INTEREST:
                # What had been concluded gives way; the rest of it is for undoing.
                return value.rsplit("\n", 3)[0]
            case Field.ROLE:
                head, comma, last = value.rpartition(", ")
                codes = last.split(" + ")
                if not comma or not set(codes) <= self._duties.keys():
                    return value
                return f"{head}, {', '.join(gettext(self._duties[c]) for c in codes)}"
            case Field.LANGUAGE | Field.RELATIONSHIP:
                field: Any = Contact._meta.get_field(change.field)
                return str(dict(field.flatchoices).get(value, value))
        return ", ".join(part for part in value.split("\n") if part)


class RowNames:
    """The names of what some rows refer to, fetched once."""

    def __init__(self, people: Collection[Person]) -> None:
        codes = {code for person in people for code in person.duties}
        topics = {key for person in people for key in person.interests}
        self._duties = _names(Duty.objects.filter(code__in=codes), "code")
        self._topics = _names(Topic.objects.filter(pk__in=topics), "pk")
        staff = {person.responsible for person in people if person.responsible}
        teams = {person.team for person in people if person.team}
        self._staff = {
            user.pk: user.get_full_name() or user.email
            for user in (User.objects.filter(pk__in=staff) if staff else ())
        }
        self._teams = (
            dict(Team.objects.filter(pk__in=teams).values_list("pk", "name"))
            if teams
            else {}
        )

    def duties(self, person: Person) -> list[str]:
        """Return the duties of a row."""
        return [gettext(self._duties.get(code, code)) for code in person.duties]

    def topics(self, person: Person) -> list[str]:
        """Return what the person of a row is interested in."""
        return [gettext(self._topics.get(key, "")) for key in person.interests]

    def line(self, person: Person) -> str:
        """Return who is responsible by a row, and whose team."""
        names = [
            self._staff.get(person.responsible, "") if person.responsible else "",
            self._teams.get(person.team, "") if person.team else "",
        ]
        return ", ".join(name for name in names if name)


def _names(words: Any, key: str) -> dict[Any, str]:
    return dict(words.values_list(key, "name"))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
