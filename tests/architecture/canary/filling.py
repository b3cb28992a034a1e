"""Fills the register through the data map alone, and says what it could not fill.

For a person and a neighbour it makes one row of every table in every role that the
map declares, with a marker in every personal field; what they share (a chat, a
company, a file of an import) is made once. Free texts mention both of them.

A new table or field needs nothing here. If its type or its constraints are of a new
kind, the filling fails and says what to add to ``VARIANTS`` or to the mint.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from dsar.verdicts import AUTHOR
from register.datamap.declarations import SELF, Keys, Personal, Subject, WithParent
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Erasure, Identifier
from tests.architecture.canary.markers import Marker, Mint, why_unmarked

KIND = "contact"
PERSON, NEIGHBOUR, SHARED = "person", "neighbour", "shared"
# Values that constraints or the story ask for: one row for each variant.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "contacts.ContactPoint": [{"kind": "email"}, {"kind": "phone"}],
    # An open request for access would stand in the way of the erasure.
    "dsar.Request": [{"kind": "access", "state": "closed", "outcome": "refused"}],
}

Covered = set[tuple[str, str, str]]
Condition = tuple[str, str] | None
Place = tuple[str, str, Condition, str]


class Canary:
    """The filled register: its markers, and who is who."""

    def __init__(self, *, after: int = 0) -> None:
        self.mint = Mint(after)
        self.markers: list[Marker] = []
        self.covered: Covered = set()
        self.people: dict[str, uuid.UUID] = {}
        self.identity: dict[str, dict[str, str]] = {PERSON: {}, NEIGHBOUR: {}}
        # Rows by table, by the way to the person, and by whose they are.
        self._reached: dict[Place, models.Model] = {}
        self._shared: dict[tuple[str, Condition], models.Model] = {}

    def fill(self) -> None:
        """Make every row; what identifies the two comes first, texts mention them."""
        for entry in sorted(entries(), key=_identifying_first):
            for subject in entry.subjects(KIND):
                for owner in (PERSON, NEIGHBOUR):
                    self.reach(entry, subject, owner)
        for entry in entries():
            for subject in entry.subjects(KIND):
                if subject.erasure is Erasure.DELETE_WHEN_LAST:
                    self._alone(entry, subject)

    def needles(self, owner: str) -> set[str]:
        """Return what must not, or must, be found of one owner."""
        return {marker.needle for marker in self.markers if marker.owner == owner}

    def reach(self, entry: Entry, subject: Subject, owner: str) -> models.Model:
        """Make the row of ``entry`` in which ``owner`` has this role, or return it."""
        place = _place(entry, subject, owner)
        if place not in self._reached:
            row: models.Model | None = None
            for variant in VARIANTS.get(entry.label, [{}]):
                row = self._make(entry, subject, owner, variant)
            assert row is not None
            self._reached[place] = row
        return self._reached[place]

    def _make(
        self, entry: Entry, subject: Subject, owner: str, variant: dict[str, Any]
    ) -> models.Model:
        """Make a row and the rows between it and the person."""
        if subject.path == SELF:
            row = self._insert(entry, owner, subject.role, variant)
            self.people[owner] = row.pk
            return row
        step, _, rest = subject.path.partition("__")
        field = entry.model._meta.get_field(step) if step else None
        preset = variant | _own_condition(subject)
        if isinstance(field, models.ForeignKey):
            target = graph().of(field.remote_field.model)
            preset[step] = self._target(target, rest, subject, owner)
        if not subject.path:
            preset[subject.by_id] = self.people[owner]
        if subject.erasure in (Erasure.SCRUB, Erasure.DELETE_WHEN_LAST):
            row = self.shared(
                entry, role=subject.role, preset=preset, when=subject.when
            )
        else:
            row = self._insert(entry, owner, subject.role, preset)
        if isinstance(field, models.ManyToOneRel):
            self._join(field, rest, subject, owner, row)
        return row

    def shared(
        self,
        entry: Entry,
        *,
        role: str = "",
        preset: dict[str, Any] | None = None,
        when: Condition = None,
    ) -> models.Model:
        """Return the row of a table that everybody shares, whichever of them leads to it."""
        if (entry.label, when) not in self._shared:
            role = role or next(
                (s.role for s in entry.subjects(KIND) if s.when is None), ""
            )
            row = self._insert(entry, SHARED, role, preset or {})
            self._shared[entry.label, when] = row
        return self._shared[entry.label, when]

    def _target(
        self, entry: Entry, rest: str, subject: Subject, owner: str
    ) -> models.Model:
        """Return the row that a foreign key on the way to the person points at."""
        if not rest and not subject.by_id:
            return entry.model._base_manager.get(pk=self.people[owner])
        return self.reach(entry, _own_way(entry, rest, subject), owner)

    def _join(
        self,
        relation: models.ManyToOneRel,
        rest: str,
        subject: Subject,
        owner: str,
        row: models.Model,
    ) -> None:
        """Make the row by which somebody belongs to ``row``, unless there is one."""
        entry = graph().of(relation.related_model)
        own = _own_way(entry, rest, subject)
        name = relation.field.name
        known = entry.model._base_manager.filter(
            **{name: row, own.lookup: self.people[owner]}
        ).first()
        made = known or self._make(entry, own, owner, {name: row})
        self._reached.setdefault(_place(entry, own, owner), made)

    def _alone(self, entry: Entry, subject: Subject) -> None:
        """Make a row of the person's alone, of a kind that goes with the last person."""
        row = self._insert(entry, PERSON, subject.role, _own_condition(subject))
        step, _, rest = subject.path.partition("__")
        relation = entry.model._meta.get_field(step)
        assert isinstance(relation, models.ManyToOneRel)
        self._join(relation, rest, subject, PERSON, row)

    # --- one row ----------------------------------------------------------------------

    def _insert(
        self, entry: Entry, owner: str, role: str, preset: dict[str, Any]
    ) -> models.Model:
        values = dict(preset)
        made: list[tuple[str, Personal, str]] = []
        for field in entry.model._meta.concrete_fields:
            if field.name in values or field.primary_key or field.name == "ends_at":
                continue
            declared = entry.map.fields[field.name]
            if isinstance(field, models.ForeignKey):
                values[field.name] = None if field.null else self._whole(field)
            elif isinstance(declared, Keys):
                values[field.name] = self._json(declared, field.name, made)
            elif isinstance(declared, Personal) and not why_unmarked(field, field.name):
                value, needle = self.mint.value(
                    field, declared, wants_phone=preset.get("kind") == "phone"
                )
                values[field.name] = self._with_mentions(
                    field, declared, value, owner, role
                )
                made.append((field.name, declared, needle))
                self._remember(entry, owner, declared, value)
            elif not field.has_default() and not field.null and not field.blank:
                values[field.name] = _plain(field)
        row = entry.model(**values)
        entry.model._base_manager.bulk_create([row])
        self._set_automatic(entry, row, values)
        for name, personal, needle in made:
            self.markers.append(
                Marker(owner, entry.label, role, name, needle, personal, row.pk)
            )
        self._cover(entry, role)
        return row

    def _whole(self, field: models.ForeignKey[Any, Any]) -> models.Model:
        """Return what a row points at besides its person."""
        target = graph().of(field.remote_field.model)
        if target.map.root == KIND:
            # Somebody else, of whom nothing is to be found or to be missed.
            return target.model._base_manager.create(source="staff")
        return self.shared(target)

    def _json(
        self, declared: Keys, name: str, made: list[tuple[str, Personal, str]]
    ) -> dict[str, Any]:
        values = {}
        for key, inner in declared.keys.items():
            if isinstance(inner, Personal):
                token = self.mint.token()
                values[key] = [token]
                made.append((f"{name}.{key}", inner, token))
        return values

    def _with_mentions(
        self,
        field: models.Field[Any, Any],
        declared: Personal,
        value: Any,
        owner: str,
        role: str,
    ) -> Any:
        """Let free text name the two, in more than one spelling."""
        if not declared.mentions_others or isinstance(field, models.FileField):
            return value
        # What the person wrote about the neighbour is the person's to have back.
        named = [PERSON] if (owner, role) == (PERSON, AUTHOR) else [PERSON, NEIGHBOUR]
        mentions = [self.mention(each) for each in named]
        if isinstance(field, ArrayField):
            return [*value, *mentions]
        return " · ".join([str(value), *mentions])

    def mention(self, who: str) -> str:
        """Return a sentence about somebody as an agent would write it."""
        known = self.identity[who]
        if len(known) < 4:
            return ""
        declined = known["last_name"].removesuffix("nen") + "selle"
        phone = known["phone"].removeprefix("+358")
        return (
            f"{known['first_name']} {known['last_name']},"
            f" 0{phone[:2]} {phone[2:5]}-{phone[5:]}, vastaus {declined}:"
            f" {known['email'].upper()}"
        )

    def _remember(
        self, entry: Entry, owner: str, declared: Personal, value: Any
    ) -> None:
        known = self.identity.get(owner)
        if known is None or not declared.identifies:
            return
        if Identifier.NAME in declared.identifies and entry.map.root == KIND:
            known["last_name" if "first_name" in known else "first_name"] = value
        elif "@" in str(value):
            known.setdefault("email", value)
        elif Identifier.PHONE in declared.identifies:
            known.setdefault("phone", value)

    def _set_automatic(
        self, entry: Entry, row: models.Model, values: dict[str, Any]
    ) -> None:
        """Put markers where the framework wrote the time of the insert."""
        automatic = {
            field.name: values[field.name]
            for field in entry.model._meta.concrete_fields
            if getattr(field, "auto_now", False)
            or getattr(field, "auto_now_add", False)
            if field.name in values
        }
        if automatic:
            entry.model._base_manager.filter(pk=row.pk).update(**automatic)

    def _cover(self, entry: Entry, role: str) -> None:
        marked = {(m.label, m.role, m.field) for m in self.markers}
        for name, _personal in entry.map.personal_fields():
            field = entry.model._meta.get_field(name.partition(".")[0])
            assert isinstance(field, models.Field)
            place = (entry.label, role, name)
            if place in marked or why_unmarked(field, name):
                self.covered.add(place)


def entries() -> list[Entry]:
    """Return the tables in which a contact's data may be."""
    return [entry for entry in graph().personal() if entry.subjects(KIND)]


def to_cover(tables: Iterable[Entry]) -> Covered:
    """Return every personal field of every table in every role."""
    return {
        (entry.label, subject.role, name)
        for entry in tables
        for subject in entry.subjects(KIND)
        for name, _personal in entry.map.personal_fields()
    }


def _place(entry: Entry, subject: Subject, owner: str) -> Place:
    return entry.label, subject.lookup, subject.when, owner


def _own_condition(subject: Subject) -> dict[str, Any]:
    """Return what the row itself must be for the role; not what its whole must be."""
    return {k: v for k, v in subject.condition.items() if "__" not in k}


def _own_way(entry: Entry, rest: str, subject: Subject) -> Subject:
    """Return how a row on the way to a person reaches that person by itself."""
    ways = [
        own
        for own in entry.subjects(KIND)
        if (own.path, own.by_id) == (rest, subject.by_id)
    ]
    step = subject.path.partition("__")[0]
    wanted = [(k.removeprefix(f"{step}__"), v) for k, v in subject.condition.items()]
    # What the whole must be, where the role asks for that; else whatever it is.
    for condition in (wanted[0] if wanted else None, None):
        for own in ways:
            if own.when == condition:
                return own
    raise AssertionError(f"{entry.label} declares no way {rest or subject.by_id!r}.")


def _identifying_first(entry: Entry) -> tuple[int, str]:
    retention = entry.map.retention
    if entry.map.root == KIND:
        return 0, entry.label
    if isinstance(retention, WithParent):
        parent = entry.model._meta.get_field(retention.parent)
        root = graph().root(KIND).model
        if parent.remote_field.model is root:  # type: ignore[union-attr]
            return 1, entry.label
    return 2, entry.label


_numbers = itertools.count(1)


def _plain(field: models.Field[Any, Any]) -> Any:
    """Return a value for a field that says nothing about anyone but must be filled."""
    number = next(_numbers)
    if field.choices:
        return next(value for value, _label in field.flatchoices if value)
    if isinstance(field, models.CharField | models.TextField):
        return f"plain{number}"[: field.max_length or 40]
    if isinstance(field, models.IntegerField):
        return number
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    raise AssertionError(
        f"{field.model._meta.label}.{field.name} must be filled: add it to VARIANTS."
    )
