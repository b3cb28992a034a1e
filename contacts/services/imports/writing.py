"""Writing what some rows add: a fixed number of statements, whatever their number.

Runs inside the transaction of the chunk, so that the rows, the people, the refusals,
the search words and the audit trail are written together or not at all.
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    ExternalId,
    ImportBatch,
    PostalAddress,
)
from contacts.models.people import Source
from contacts.services import search_words
from contacts.services.imports import changes, details, matching, replacements
from contacts.services.imports.companies import CompanyMatcher
from contacts.services.imports.copying import copy_rows
from contacts.services.imports.merging import Change, Merge
from contacts.services.imports.rights import responsible_for_new
from contacts.services.imports.targets import TARGETS
from register import audit
from register.actors import Actor
from register.models import NoticeRevision

# COPY takes plain texts.
_IMPORT, _PROSPECT = str(Source.IMPORT), str(Contact.Relationship.PROSPECT)

audit.register_actions(
    {
        "contact.imported": _("added the contact from an imported file"),
        "contact.import_added": _("added details from an imported file"),
        "contact.import_changed": _("replaced details by those of an imported file"),
    }
)

_FILL = """
    UPDATE contacts_contact c SET
        first_name = CASE WHEN r.has_name THEN r.first_name ELSE c.first_name END,
        last_name = CASE WHEN r.has_name THEN r.last_name ELSE c.last_name END,
        language = CASE WHEN r.has_language THEN r.language ELSE c.language END,
        updated_at = r.at
    FROM unnest(%s::uuid[], %s::bool[], %s::text[], %s::text[], %s::bool[], %s::text[],
        %s::timestamptz[])
        AS r (id, has_name, first_name, last_name, has_language, language, at)
    WHERE c.id = r.id
"""
_NUMBER_COMPANIES = """
    UPDATE contacts_company c SET business_id = r.business_id, updated_at = now()
    FROM unnest(%s::uuid[], %s::text[]) AS r (id, business_id)
    WHERE c.id = r.id AND c.business_id = ''
"""


def write(
    merged: Merge, *, companies: CompanyMatcher, batch: ImportBatch, actor: Actor
) -> Counter[str]:
    """Write what the rows add; return how many refusals and the like were new."""
    _write_companies(companies, actor)
    new = [change for change in merged.changes if change.is_new]
    added = [
        change
        for change in merged.changes
        if (change.facts or change.replaced) and not change.is_new
    ]
    _write_contacts(new, batch, actor)
    _fill_contacts(added)
    changed = [*new, *added]
    _write_points(changed)
    _write_roles(changed)
    _write_addresses(changed)
    _write_external_ids(changed, batch.external_system)
    details.write(changed, new, batch)
    replacements.write(added)
    changes.keep(batch, merged, companies, is_written=True)
    search_words.refresh({change.contact.id for change in changed})
    _record(new, added, actor)
    counts: Counter[str] = Counter()
    for code, people in merged.flagged.items():
        target = TARGETS[code]
        if target.apply is not None:
            counts[target.counted_as] += target.apply(people, actor)
    return counts


def _write_companies(companies: CompanyMatcher, actor: Actor) -> None:
    now = timezone.now()
    responsible = responsible_for_new(actor.user, Company)
    copy_rows(
        Company,
        "id, name, kind, status, business_id, street, postcode, town, source,"
        " responsible_id, created_at, updated_at",
        [
            (
                made.id,
                made.name,
                made.kind,
                made.status,
                made.business_id,
                "",
                "",
                "",
                _IMPORT,
                responsible,
                now,
                now,
            )
            for made in companies.made
        ],
    )
    if companies.numbered:
        with connection.cursor() as cursor:
            cursor.execute(
                _NUMBER_COMPANIES,
                [
                    [company.id for company in companies.numbered],
                    [company.business_id for company in companies.numbered],
                ],
            )
    made = [company.id for company in companies.made]
    search_words.refresh_of_companies(made, people=False)  # done with the people below
    search_words.refresh_of_companies(company.id for company in companies.numbered)


def _write_contacts(new: list[Change], batch: ImportBatch, actor: Actor) -> None:
    responsible = responsible_for_new(actor.user, Contact)
    now, notice = timezone.now(), NoticeRevision.in_force(batch.collected_on)
    collected_at = _start_of(batch.collected_on) or now
    # A microsecond apart, so that they stay in the order of the file.
    times = [now + timedelta(microseconds=place) for place in range(len(new))]
    copy_rows(
        Contact,
        "id, first_name, last_name, preferred_name, language, relationship, source,"
        " source_detail, responsible_id, team_id, collected_at, informed_at, notice_id, created_at, updated_at",
        [
            (
                change.contact.id,
                change.person.first_name,
                change.person.last_name,
                change.person.preferred_name,
                change.person.language,
                change.person.relationship or _PROSPECT,
                _IMPORT,
                batch.title,
                change.person.responsible or responsible,
                change.person.team,
                collected_at,
                # They were shown the notice when the data was collected.
                collected_at if batch.is_informed else None,
                notice.pk if notice else None,
                created_at,
                created_at,
            )
            for change, created_at in zip(new, times, strict=True)
        ],
    )


def _start_of(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None


def _fill_contacts(added: list[Change]) -> None:
    """Write names and languages where there were none, and the time of the change."""
    if not added:
        return
    now = timezone.now()
    by_contact: dict[uuid.UUID, list[Any]] = {}
    for change in added:
        values = by_contact.setdefault(
            change.contact.id, [change.contact.id, False, "", "", False, "", now]
        )
        if change.adds(matching.NAME):
            values[1:4] = [True, change.person.first_name, change.person.last_name]
        if change.adds(matching.LANGUAGE):
            values[4:6] = [True, change.person.language]
    with connection.cursor() as cursor:
        cursor.execute(
            _FILL, [list(column) for column in zip(*by_contact.values(), strict=True)]
        )


def _write_points(changed: list[Change]) -> None:
    now, mobile = timezone.now(), gettext("mobile")
    rows: list[tuple[Any, ...]] = []
    for change in changed:
        waiting = {value for kind, value in change.facts if kind == matching.PRIMARY}
        for kind, value in change.facts:
            if kind not in (matching.EMAIL, matching.PHONE):
                continue
            label = mobile if change.person.phones.get(value) else ""
            rows.append(
                (change.contact.id, kind, value, label, kind in waiting, _IMPORT, now)
            )
            waiting.discard(kind)
    copy_rows(
        ContactPoint,
        "contact_id, kind, value, label, is_primary, source, created_at",
        rows,
    )


def _write_roles(changed: list[Change]) -> None:
    now = timezone.now()
    copy_rows(
        Affiliation,
        "contact_id, company_id, job_title, department, duties, source, created_at",
        [
            (
                change.contact.id,
                change.company.id,
                change.person.job_title,
                change.person.department,
                change.person.duties,
                _IMPORT,
                now,
            )
            for change in changed
            if change.company is not None and change.adds(matching.COMPANY)
        ],
    )


def _write_addresses(changed: list[Change]) -> None:
    now = timezone.now()
    copy_rows(
        PostalAddress,
        "contact_id, street, postcode, town, country, usage, valid_from, valid_to,"
        " source, created_at",
        [
            (
                change.contact.id,
                change.person.street,
                change.person.postcode,
                change.person.town,
                change.person.country or "FI",
                change.person.address_usage,
                change.person.address_from,
                change.person.address_to,
                _IMPORT,
                now,
            )
            for change in changed
            if change.adds(matching.ADDRESS)
        ],
    )


def _write_external_ids(changed: list[Change], system: str) -> None:
    now = timezone.now()
    copy_rows(
        ExternalId,
        "contact_id, system, value, created_at",
        [
            (change.contact.id, system, value, now)
            for change in changed
            for kind, value in change.facts
            if kind == matching.EXTERNAL
        ],
    )


def _record(new: list[Change], added: list[Change], actor: Actor) -> None:
    """One entry for each person, so that each person's own log shows the import."""
    entries = [("contact.imported", change.contact.id) for change in new]
    entries += [
        ("contact.import_added", pk)
        for pk in dict.fromkeys(change.contact.id for change in added if change.facts)
    ]
    replaced: dict[uuid.UUID, list[str]] = {}
    for change in added:
        for replacement in change.replaced:
            replaced.setdefault(change.contact.id, []).append(str(replacement.field))
    label = Contact._meta.label_lower
    audit.record_many(
        [
            audit.entry_values(
                action, actor=actor, object_type=label, object_id=pk, subject_id=pk
            )
            for action, pk in entries
        ]
        + [
            audit.entry_values(
                "contact.import_changed",
                actor=actor,
                object_type=label,
                object_id=pk,
                subject_id=pk,
                fields=fields,
            )
            for pk, fields in replaced.items()
        ]
    )
