"""Company data from the public business information system (YTJ).

What staff wrote is never overwritten: the register's value is kept beside it and
offered. A field follows the register only where it was empty, or where it still holds
what the register said before. Off unless ``COMPANY_REGISTER_URL`` is set.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.company_answers import CompanyFacts, UnreadableAnswer, read_answer
from contacts.models import Company, RegisterExtract
from contacts.services import search_words
from register import actors, audit
from register.actors import Actor
from register.errors import DomainError
from register.outbound import http

audit.register_actions(
    {
        "company.register_read": _(
            "fetched the company's data from the public register"
        ),
        "company.register_accepted": _("took over a value of the public register"),
        "company.register_kept": _("kept the own value over the public register's"),
    }
)

# What a company row has in common with the register.
FIELDS = ("name", "street", "postcode", "town")
FRESH = timedelta(days=30)
# A look every ten minutes: 7,200 a day, far below what the service allows.
BATCH = 50
# After these, nobody else needs to be asked now.
_STOPS = {"outbound_busy", "outbound_unreachable", "outbound_slow", "outbound_broken"}


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """A value of the register that differs from ours, and that nobody decided about."""

    field: str
    label: str
    ours: str
    theirs: str


def is_on() -> bool:
    """Whether the register may be asked at all."""
    return bool(settings.COMPANY_REGISTER_URL)


def fetch(company: Company, *, actor: Actor) -> RegisterExtract:
    """Ask the register about a company and store what it says.

    Raises DomainError with a sentence where it is off, the company has no business id,
    or the register does not answer as it should; nothing is changed then.
    """
    if not is_on():
        raise DomainError(
            "company_register_off", _("The public register is not in use here.")
        )
    if not company.business_id:
        raise DomainError(
            "company_register_id",
            _("Without a business id the company cannot be looked up."),
        )
    facts = _ask(company.business_id, actor)
    return _store(company, facts, actor)


def suggestions(company: Company) -> list[Suggestion]:
    """What the register says otherwise and staff have not decided about."""
    extract = RegisterExtract.objects.filter(company=company).first()
    if extract is None or extract.outcome == RegisterExtract.Outcome.NOT_FOUND:
        return []
    return [
        Suggestion(
            name,
            str(Company._meta.get_field(name).verbose_name),  # type: ignore[union-attr]
            getattr(company, name),
            getattr(extract, name),
        )
        for name in FIELDS
        if name not in extract.kept
        and getattr(extract, name)
        and getattr(extract, name) != getattr(company, name)
    ]


@transaction.atomic
def accept(company: Company, field: str, *, actor: Actor) -> Company:
    """Take over the register's value of a field."""
    locked, extract = _locked(company, field)
    if value := getattr(extract, field):
        setattr(locked, field, value)
        locked.save(update_fields=[field, "updated_at"])
        extract.applied = sorted({*extract.applied, field})
        extract.kept = [name for name in extract.kept if name != field]
        extract.save(update_fields=["applied", "kept"])
        audit.record(
            "company.register_accepted", actor=actor, obj=locked, fields=[field]
        )
        if field == "name":
            search_words.refresh_of_companies([locked.pk])
    return locked


@transaction.atomic
def keep(company: Company, field: str, *, actor: Actor) -> None:
    """Keep our value; it is not asked about again until the register says another."""
    locked, extract = _locked(company, field)
    extract.kept = sorted({*extract.kept, field})
    extract.applied = [name for name in extract.applied if name != field]
    extract.save(update_fields=["applied", "kept"])
    audit.record("company.register_kept", actor=actor, obj=locked, fields=[field])


def refresh_oldest() -> int:
    """Ask again about the companies asked about longest ago; return how many.

    Companies that staff never looked up are not looked up by themselves.
    """
    if not is_on():
        return 0
    old = RegisterExtract.objects.filter(fetched_at__lt=timezone.now() - FRESH)
    count = 0
    for extract in old.order_by("fetched_at").select_related("company")[:BATCH]:
        try:
            fetch(extract.company, actor=actors.system("customer_relationship"))
        except DomainError as error:
            if error.code in _STOPS:
                break
            # Not first in line again before the others.
            RegisterExtract.objects.filter(pk=extract.pk).update(
                fetched_at=timezone.now()
            )
        else:
            count += 1
    return count


def _ask(business_id: str, actor: Actor) -> CompanyFacts | None:
    try:
        answer = http.get_json(
            settings.COMPANY_REGISTER_URL,
            {"businessId": business_id},
            actor=actor,
            what="contacts.company",
        )
        return read_answer(answer, business_id)
    except UnreadableAnswer:
        raise DomainError(
            "company_register_nonsense",
            _("The public register gave an answer that cannot be read."),
        ) from None
    except http.OutboundError as error:
        if error.code == "outbound_missing":
            return None
        raise


@transaction.atomic
def _store(
    company: Company, facts: CompanyFacts | None, actor: Actor
) -> RegisterExtract:
    locked = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    extract = RegisterExtract.objects.filter(company=locked).first()
    extract = extract or RegisterExtract(company=locked)
    changed: list[str] = []
    if facts is None:
        extract.outcome = RegisterExtract.Outcome.NOT_FOUND
    else:
        changed = _follow(locked, extract, facts)
        for field in dataclasses.fields(facts):
            setattr(extract, field.name, getattr(facts, field.name))
        extract.outcome = (
            RegisterExtract.Outcome.CEASED
            if facts.ceased_on
            else RegisterExtract.Outcome.FOUND
        )
    extract.fetched_at = timezone.now()
    extract.save()
    if changed:
        locked.save(update_fields=[*changed, "updated_at"])
        if "name" in changed:
            search_words.refresh_of_companies([locked.pk])
    audit.record("company.register_read", actor=actor, obj=locked, fields=changed)
    return extract


def _follow(
    company: Company, extract: RegisterExtract, facts: CompanyFacts
) -> list[str]:
    """Set what may follow the register; return the fields."""
    changed: list[str] = []
    applied, kept = set(extract.applied), set(extract.kept)
    for name in FIELDS:
        ours, before, now = (getattr(each, name) for each in (company, extract, facts))
        if now != before:
            kept.discard(name)
        if name in applied and ours != before:
            applied.discard(name)  # corrected by staff since
        if not now or ours == now:
            continue
        if not ours or name in applied:
            setattr(company, name, now)
            applied.add(name)
            changed.append(name)
    extract.applied, extract.kept = sorted(applied), sorted(kept)
    return changed


def _locked(company: Company, field: str) -> tuple[Company, RegisterExtract]:
    if field not in FIELDS:
        raise DomainError("company_register_field", _("There is no such value."))
    locked = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    extract = RegisterExtract.objects.filter(company=locked).first()
    if extract is None:
        raise DomainError("company_register_field", _("There is no such value."))
    return locked, extract


def came_from_register(company: Company, extract: RegisterExtract | None) -> set[str]:
    """Return the fields whose value is the register's own, uncorrected."""
    if extract is None:
        return set()
    return {
        name
        for name in _names(extract.applied)
        if getattr(company, name) == getattr(extract, name)
    }


def _names(applied: Iterable[str]) -> list[str]:
    return [name for name in applied if name in FIELDS]
