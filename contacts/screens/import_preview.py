"""The second step of an import: how the file is read and what its columns mean."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from contacts.forms_import_terms import TermsForm
from contacts.forms_imports import ColumnsForm, LayoutForm, policies_of, posted
from contacts.models import Company, ImportBatch
from contacts.models.addresses import Usage
from contacts.services.imports import preview, reasons, sources, staging, vocabulary
from contacts.services.imports.change_names import RowNames
from contacts.services.imports.layouts import Choice, Examined, Record, Unreadable
from contacts.services.imports.preview import Preview
from contacts.services.imports.rows import Person
from contacts.services.imports.targets import TARGETS


@dataclasses.dataclass(slots=True)
class Wizard:
    """What the second step shows.

    ``problem`` says why the file cannot be read as it is chosen; then there are no
    columns. ``layout`` is None where the file is gone and only its rows are left.
    """

    layout: LayoutForm | None = None
    columns: ColumnsForm | None = None
    terms: TermsForm | None = None
    policies: dict[str, str] = dataclasses.field(default_factory=dict)
    problem: str | None = None
    error: str = ""
    people: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    notices: list[str] = dataclasses.field(default_factory=list)
    product: str = ""
    remembered_at: Any = None
    saved: Any = None
    proposed: list[Any] = dataclasses.field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many columns are imported."""
        return sum(map(bool, self.columns.preview.targets)) if self.columns else 0

    @property
    def left(self) -> int:
        """How many columns are not imported."""
        return len(self.columns.preview.targets) - self.taken if self.columns else 0


def of_batch(batch: ImportBatch, *, user: object) -> Wizard:
    """Return the step as it was left."""
    layout = staging.layout_of(batch)
    choice = Choice(
        layout.encoding or None,
        layout.delimiter or None,
        layout.sheet,
        layout.header_row,
    )
    policies = {
        **dict.fromkeys(batch.replaced, "replaced"),
        **dict.fromkeys(batch.replaced_all, "replaced_all"),
    }
    wizard = _wizard(batch, choice, list(batch.targets), policies, user)
    wizard.terms = TermsForm(instance=batch)
    return wizard


def of_post(batch: ImportBatch, data: Any, *, user: object) -> Wizard:
    """Return the step with what is chosen in a form."""
    choice, targets = posted(data, staging.layout_of(batch))
    wizard = _wizard(batch, choice, targets, policies_of(data), user)
    # A copy: what is chosen is kept by the service, or not at all.
    instance = copy.copy(batch)
    is_asked = "mode" in data
    wizard.terms = TermsForm(data if is_asked else None, instance=instance)
    return wizard


def chosen_terms(wizard: Wizard) -> dict[str, Any] | None:
    """Return the terms that were chosen; None if some cannot be."""
    form = wizard.terms
    if form is None or not form.is_bound:
        return {}
    if not form.is_valid():
        return None
    policies = wizard.policies
    return {
        **form.terms,
        **{
            name: [code for code, policy in policies.items() if policy == name]
            for name in ("replaced", "replaced_all")
        },
    }


def _wizard(
    batch: ImportBatch,
    choice: Choice,
    targets: list[str],
    policies: dict[str, str],
    user: object,
) -> Wizard:
    stored = staging.layout_of(batch)
    try:
        seen = preview.of_batch(batch, choice=choice, targets=targets)
    except Unreadable as refused:
        if refused.code == "file_gone" and batch.rows.exists():
            seen = preview.of_file(_stored(batch), targets=targets)
            return _filled(Wizard(policies=policies), seen, batch, user)
        problem = str(reasons.of_file(refused.code))
        return Wizard(layout=_layout_form(stored, choice), problem=problem)
    layout = LayoutForm(seen.layout, seen.examined.sheets)
    return _filled(Wizard(layout=layout, policies=policies), seen, batch, user)


def _stored(batch: ImportBatch) -> Examined:
    """Return the first rows of a file that is gone, as they were stored."""
    rows = batch.rows.order_by("row_number").values_list("row_number", "cells")
    return Examined(staging.layout_of(batch), [Record(*row) for row in rows[:200]])


def _layout_form(stored: Any, choice: Choice) -> LayoutForm:
    """Show what was chosen although the file cannot be read so."""
    chosen = {
        name: value
        for name, value in dataclasses.asdict(choice).items()
        if value is not None
    }
    return LayoutForm(dataclasses.replace(stored, **chosen), [])


def _filled(wizard: Wizard, seen: Preview, batch: ImportBatch, user: object) -> Wizard:
    wizard.columns = ColumnsForm(seen, user=user, policies=wizard.policies)
    names = RowNames([person for _number, person in seen.people])
    wizard.people = [
        _person(number, person, seen.layout.header, names)
        for number, person in seen.people
    ]
    wizard.notices = [str(reasons.NOTICES[code]) for code in seen.examined.notices]
    wizard.saved = batch.saved_source
    wizard.proposed = [
        source
        for source in sources.proposed(seen.layout.header)[:3]
        if source.pk != batch.saved_source_id
    ]
    wizard.product = str(vocabulary.PRODUCT_NAMES.get(seen.product, ""))
    if seen.remembered_at is not None and seen.remembered_at < batch.created_at:
        wizard.remembered_at = seen.remembered_at
    return wizard


def _person(
    number: int, person: Person, header: Any, names: RowNames
) -> dict[str, Any]:
    role = ", ".join(
        part
        for part in (
            *(person.job_title, person.company_name, person.business_id),
            *(person.department, *names.duties(person)),
        )
        if part
    )
    kind = dict(Company.Kind.choices).get(person.company_kind, "")
    status = dict(Company.Status.choices).get(person.company_status, "")
    days = [
        day.isoformat() if day else ""
        for day in (person.address_from, person.address_to)
    ]
    place = f"{person.postcode} {person.town}".strip()
    usage = dict(Usage.choices).get(person.address_usage, "")
    address = ", ".join(
        str(part)
        for part in (
            person.street,
            place,
            person.country,
            usage,
            "–".join(days).strip("–"),
        )
        if part
    )
    facts = [
        (_("E-mail"), ", ".join(person.emails)),
        (_("Telephone"), ", ".join(person.phones)),
        (_("Role"), role),
        (_("Address"), address),
        (_("Kind of company"), ", ".join(str(word) for word in (kind, status) if word)),
        (_("Language"), str(dict(settings.LANGUAGES).get(person.language, ""))),
        (_("Preferred name"), person.preferred_name),
        (_("Interests"), ", ".join(names.topics(person))),
        (_("Responsible"), names.line(person)),
    ]
    return {
        "number": number,
        "name": f"{person.first_name} {person.last_name}".strip(),
        "facts": [(label, value) for label, value in facts if value],
        "flags": [str(TARGETS[code].label) for code in sorted(person.flags)],
        "problems": [
            ": ".join(part for part in reasons.of_row(stored, header) if part)
            for stored in (*person.errors, *person.remarks)
        ],
        "stays_out": bool(person.errors),
    }
