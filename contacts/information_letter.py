"""The letter of GDPR Art. 14, in the language of the person, made from what the register knows.

Controller, purposes, categories, periods and recipients come from the controller's row,
the activities and the data map, so that the letter cannot go stale. The right to object
stands first and by itself (Art. 21(4)).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _, ngettext

from contacts.models import Contact
from contacts.models.people import Source
from register.activities import ACTIVITIES, EEA, RECIPIENTS, LegalBasis
from register.datamap import Ends, Reviewed, WithParent
from register.datamap.declarations import Retention
from register.datamap.graph import Entry, graph, kept_with_map
from register.datamap.vocabulary import CLAUSES, Category
from register.periods import Period
from register.services import controller


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A heading with its paragraphs and points; ``code`` says which duty it meets."""

    code: str
    heading: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Letter:
    """A letter in one language."""

    language: str
    title: str
    parts: tuple[Part, ...]

    def as_text(self) -> str:
        """Return it as plain text, for a mail."""
        lines = [self.title.upper(), ""]
        for part in self.parts:
            lines += [part.heading.upper(), *part.paragraphs]
            lines += [f"- {point}" for point in part.points]
            lines.append("")
        return "\n".join(lines).strip()


def language_of(contact: Contact) -> str:
    """Return the language a person is written to in."""
    return contact.language or settings.LANGUAGE_CODE


def letter_to(contact: Contact) -> Letter:
    """Return the letter to a person."""
    language = language_of(contact)
    with translation.override(language):
        return Letter(
            language,
            _("What we hold about you, and your rights"),
            (
                _objection(),
                _controller(),
                _source(contact),
                _purposes(),
                _categories(),
                _recipients(),
                _transfers(),
                _periods(),
                _rights(),
                _complaint(),
                _automated(),
            ),
        )


def _objection() -> Part:
    return Part(
        "objection",
        _("You may object"),
        (
            _(
                "You have the right to object at any time to the use of your data for direct marketing, free of charge and without giving reasons. We then stop it."
            ),
            _(
                "You may also object, on grounds relating to your particular situation, to any other use that rests on our legitimate interest."
            ),
        ),
    )


def _controller() -> Part:
    ours = controller.current()
    return Part(
        "controller",
        _("Who answers for your data"),
        (
            _("Controller: %(name)s, business id %(business_id)s, %(address)s")
            % {
                "name": ours.name,
                "business_id": ours.business_id,
                "address": ours.address,
            },
            _("Data protection officer: %(email)s, %(address)s")
            % {"email": ours.dpo_email, "address": ours.dpo_address},
        ),
    )


def _source(contact: Contact) -> Part:
    day = formats.date_format(timezone.localtime(contact.collected_at), "DATE_FORMAT")
    words = {
        Source.PERSON: _("You gave us the data yourself."),
        Source.STAFF: _(
            "A member of our staff wrote the data down, for example from your employer, a meeting or a public source."
        ),
        Source.IMPORT: _("The data came to us in a list or file."),
        Source.API: _("The data came to us from another system that we use."),
        Source.PUBLIC: _(
            "The data came from a public register, which everybody can look into."
        ),
    }
    source = words.get(Source(contact.source), "")
    paragraphs = [_("We obtained the data on %(day)s.") % {"day": day}, source]
    if contact.source_detail:
        paragraphs.append(_("More about the source: %s") % contact.source_detail)
    return Part("source", _("Where the data came from"), tuple(paragraphs))


def _purposes() -> Part:
    used = {entry.map.activity for entry in _told()}
    points = []
    for code, activity in ACTIVITIES.items():
        if code not in used:
            continue
        point = f"{activity.purpose}: {LegalBasis(activity.basis).label}"
        if activity.balancing_test is not None:
            interest = translation.gettext(activity.balancing_test.interest)
            point = f"{point}. {_('Our interest: %s') % interest}"
        points.append(point)
    return Part(
        "purposes", _("What we use it for, and on which basis"), points=tuple(points)
    )


def _categories() -> Part:
    return Part(
        "categories",
        _("Which data this concerns"),
        (_("The register may hold data of these kinds about you:"),),
        tuple(str(category.label) for category in _by_category()),
    )


def _recipients() -> Part:
    points = tuple(
        f"{recipient.name} ({recipient.country})" for recipient in RECIPIENTS.values()
    )
    said = (
        _("Besides our staff these receive data:")
        if points
        else _(
            "Nobody besides our staff and those who run our systems on our behalf. Authorities receive data where the law requires it."
        )
    )
    return Part("recipients", _("Who receives the data"), (said,), points)


def _transfers() -> Part:
    points = tuple(
        _("%(name)s, %(country)s: %(safeguard)s. We send a copy of it on request.")
        % {
            "name": recipient.name,
            "country": recipient.country,
            "safeguard": recipient.safeguard,
        }
        for recipient in RECIPIENTS.values()
        if recipient.country not in EEA
    )
    said = (
        _("Data leaves the European Economic Area only to these:")
        if points
        else _("The data is not transferred outside the European Economic Area.")
    )
    return Part("transfers", _("Transfers to other countries"), (said,), points)


def _periods() -> Part:
    points = []
    for category, entries in _by_category().items():
        rules = [_rule_of(entry) for entry in entries if not entry.map.versions_of]
        looks = _periods_of(rules, Reviewed)
        # What is kept as long as it is needed is not said to go sooner.
        least = min(map(_length, looks), default=0)
        ends = [each for each in _periods_of(rules, Ends) if _length(each) >= least]
        said = [
            _("kept while needed; whether it is, is reviewed every %s")
            % _in_words(period)
            for period in looks
        ]
        said += [_("deleted after %s") % _in_words(period) for period in ends]
        points.append(f"{category.label}: {'; '.join(said)}")
    earlier = [entry.map.retention for entry in _told() if entry.map.versions_of]
    points += [
        _("Earlier values of what was changed: deleted after %s") % _in_words(period)
        for period in _periods_of(earlier, Ends)
    ]
    return Part("periods", _("How long we keep it"), points=tuple(points))


def _rule_of(entry: Entry) -> Retention | None:
    """Return how long the rows of a table are kept: a part as long as its whole."""
    rule = entry.map.retention
    while isinstance(rule, WithParent):
        field: Any = entry.model._meta.get_field(rule.parent)
        entry = graph().of(field.remote_field.model)
        rule = entry.map.retention
    return rule


def _periods_of(
    rules: Iterable[Retention | None], kind: type[Ends | Reviewed]
) -> list[str]:
    return list(dict.fromkeys(r.period for r in rules if isinstance(r, kind)))


def _length(text: str) -> int:
    """Return about how many days a period has, for comparing two."""
    period = Period.parse(text)
    months = 12 * period.years + period.months
    return 30 * months + 7 * period.weeks + period.days


def _rights() -> Part:
    return Part(
        "rights",
        _("Your rights"),
        (_("Write to the data protection officer. You have the right"),),
        (
            _("to know what is held about you and to get a copy of it"),
            _("to have wrong data corrected"),
            _("to have data erased that is not needed any more"),
            _("to have the use of the data restricted"),
            _("to object to its use, as said above"),
            _("to receive data that you gave us in a machine-readable form"),
            _("to withdraw a consent at any time, where the use rests on it"),
        ),
    )


def _complaint() -> Part:
    authority = settings.SUPERVISORY_AUTHORITY
    where = (
        authority["name"] or _("Office of the Data Protection Ombudsman"),
        authority["address"],
        authority["website"],
    )
    return Part(
        "complaint",
        _("You may complain"),
        (
            _(
                "If you think that your data is used unlawfully, you may complain to the supervisory authority:"
            ),
            ", ".join(part for part in where if part),
        ),
    )


def _automated() -> Part:
    return Part(
        "automated",
        _("Automated decisions"),
        (
            _(
                "No decision about you is made by automated means alone, and you are not profiled in a way that has legal effects."
            ),
        ),
    )


@kept_with_map
def _told() -> tuple[Entry, ...]:
    """The tables of which a person is told: those of section 4 of the notice."""
    return tuple(
        entry
        for entry in graph().entries.values()
        if entry.map.is_personal
        and entry.subjects("contact")
        and (CLAUSES.get(entry.map.category) or "").startswith("N4.")
    )


def _by_category() -> dict[Category, list[Entry]]:
    found: dict[Category, list[Entry]] = {}
    for entry in _told():
        found.setdefault(entry.map.category, []).append(entry)
    return {category: found[category] for category in Category if category in found}


def _in_words(text: str) -> str:
    """Return a period in words of the language in force: P3M is 3 months."""
    period = Period.parse(text)
    if period.months and period.months % 12 == 0:
        years = period.months // 12
        return ngettext("%d year", "%d years", years) % years
    if period.months:
        return ngettext("%d month", "%d months", period.months) % period.months
    if period.years:
        return ngettext("%d year", "%d years", period.years) % period.years
    days = period.days + 7 * period.weeks
    return ngettext("%d day", "%d days", days) % days
