"""The words of packages and screens for what the data map holds as codes.

The meanings in the data map are English messages. They are collected for translation
with all others (``settings/messages/``) and translated where they are shown.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

from django.apps import apps
from django.utils.translation import get_language, gettext

from dsar.models import SuspensionReason
from dsar.verdicts import Column, columns_of
from register import audit
from register.activities import ACTIVITIES, RECIPIENTS
from register.datamap.declarations import Ends, Reviewed, WithParent
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Portability
from register.wording import period_in_words

# Where to complain. Whoever looks whether a reply tells of it looks for this.
AUTHORITY = "tietosuoja.fi"


def table_name(entry: Entry) -> str:
    """Return what a table is called, in the plural."""
    name = str(entry.model._meta.verbose_name_plural)
    return name[:1].upper() + name[1:]


def meaning(column: Column) -> str:
    """Return what a field says, in the language of the reader."""
    text = gettext(column.personal.meaning)
    return text[:1].upper() + text[1:]


def words_of(entry: Entry, column: Column) -> Mapping[str, str]:
    """Return the words for the codes that a field holds; empty if it holds none."""
    return _words(entry.label, column.name, get_language() or "en")


@functools.lru_cache(maxsize=1000)
def _words(label: str, name: str, language: str) -> Mapping[str, str]:
    entry = graph()[label]
    column = next(each for each in columns_of(entry) if each.name == name)
    if column.field.choices and not column.key:
        return {str(code): str(word) for code, word in column.field.flatchoices}
    if entry.model is apps.get_model("register.AuditEntry"):
        match column.name:
            case "action":
                return {code: str(word) for code, word in audit.ACTIONS.items()}
            case "purpose":
                return {code: str(a.purpose) for code, a in ACTIVITIES.items()}
            case "object_type":
                return {e.model._meta.label_lower: _singular(e) for e in graph()}
    if column.name == "table" and entry.label.startswith("dsar."):
        return {each.label: _singular(each) for each in graph()}
    return {}


@dataclasses.dataclass(frozen=True, slots=True)
class Particulars:
    """What Art. 15(1)(a)–(d) and (g) asks to be told about one table."""

    category: str
    purpose: str
    basis: str
    source: str
    recipients: tuple[str, ...]
    retention: str


def particulars(entry: Entry) -> Particulars:
    """Return what a person is told about a table, in the language of the reader."""
    activity = ACTIVITIES[entry.map.activity]
    return Particulars(
        category=str(entry.map.category.label),
        purpose=str(activity.purpose),
        basis=str(activity.basis.label),
        source=gettext(entry.map.source),
        recipients=tuple(_recipient(code) for code in entry.map.recipients),
        retention=retention(entry),
    )


def retention(entry: Entry) -> str:
    """Return in a sentence how long the rows of a table are kept (Art. 15(1)(d))."""
    rule = entry.map.retention
    match rule:
        case Ends():
            return gettext("Deleted after %(period)s.") % {
                "period": period_in_words(rule.period)
            }
        case WithParent():
            field = entry.model._meta.get_field(rule.parent)
            whole = field.related_model._meta.verbose_name  # type: ignore[union-attr]
            return gettext(
                "Deleted together with the record it is part of (%(record)s)."
            ) % {"record": whole}
        case Reviewed():
            return gettext(
                "Kept as follows: %(reason)s. Looked at again after %(period)s."
            ) % {
                "reason": gettext(rule.reason),
                "period": period_in_words(rule.period),
            }
    return ""


def origin(portability: Portability) -> str:
    """Return how a value came about (Art. 20)."""
    return str(portability.label)


def event_reason(reason: str) -> str:
    """Return the reason of an event in words; codes are those of suspensions."""
    if reason in SuspensionReason.values:
        return str(SuspensionReason(reason).label)
    return reason


def rights() -> list[tuple[str, str]]:
    """Return the rights of the person with a sentence each (Art. 15(1)(e) and (f))."""
    return [
        (
            gettext("Correction"),
            gettext(
                "You can ask us to correct what is wrong or to complete it (Art. 16)."
            ),
        ),
        (
            gettext("Erasure"),
            gettext(
                "You can ask us to erase your data where its use has no ground any more (Art. 17)."
            ),
        ),
        (
            gettext("Restriction"),
            gettext(
                "You can ask us to keep your data without using it, for example while its accuracy is checked (Art. 18)."
            ),
        ),
        (
            gettext("Objection"),
            gettext(
                "You can object to the use of your data that rests on our legitimate interest, and at any time to direct marketing (Art. 21)."
            ),
        ),
        (
            gettext("Moving your data"),
            gettext(
                "What you gave us yourself is in the file data.json, which other systems can read (Art. 20)."
            ),
        ),
        (
            gettext("Complaint"),
            gettext(
                "You can lodge a complaint with the supervisory authority, in Finland the Office of the Data Protection Ombudsman (tietosuoja.fi)."
            ),
        ),
    ]


def automated_decisions() -> str:
    """Return what Art. 15(1)(h) asks for."""
    return gettext(
        "No decision about you is made by automated means alone, and you are not profiled in a way that has legal or similar effects."
    )


def transfers() -> str:
    """Return what Art. 15(1)(c) and (2) ask for about countries outside the EEA."""
    outside = [r for r in RECIPIENTS.values() if r.safeguard]
    if not outside:
        return gettext(
            "Your data is not transferred outside the European Economic Area."
        )
    return " ".join(_recipient(recipient.code) for recipient in outside)


def _recipient(code: str) -> str:
    recipient = RECIPIENTS[code]
    parts = [recipient.name, recipient.country, gettext(recipient.receives)]
    if recipient.safeguard:
        parts.append(gettext(recipient.safeguard))
    return ", ".join(parts)


def _singular(entry: Entry) -> str:
    return str(entry.model._meta.verbose_name)
