"""What is watched, in words, and the limits of a day."""

from __future__ import annotations

import dataclasses
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.models import LookupRule

Code = LookupRule.Code
Text = str | Promise

# How far back a person without a case is looked for, and one whom many look at.
CASE_DAYS, ACCOUNTS_DAYS = 30, 7
# What is usual is the median of this many days before, once there are so many.
USUAL_DAYS, FEWEST_DAYS = 28, 5


@dataclasses.dataclass(frozen=True, slots=True)
class Description:
    """A rule in words: what is counted, and why it is watched at all."""

    counts: Text
    why: Text
    unit: Text
    has_usual: bool = False


DESCRIPTIONS: dict[str, Description] = {
    Code.MANY_IN_DAY: Description(
        _("Different people whose records one account opens in a day."),
        _("Whoever copies a customer register has to open it person by person."),
        _("people in a day"),
        has_usual=True,
    ),
    Code.MANY_IN_HOUR: Description(
        _("Different people whose records one account opens in an hour."),
        _("Nobody reads so fast: a script may be using the account."),
        _("people in an hour"),
        has_usual=True,
    ),
    Code.LONG_LISTS: Description(
        _("Rows of lists of people that one account is shown in a day."),
        _("Going through list after list is another way to copy a register."),
        _("rows in a day"),
        has_usual=True,
    ),
    Code.OWN_RECORD: Description(
        _("Somebody opens the record of a customer who is they themselves."),
        _("Nobody handles their own matter; a colleague does."),
        _("looks in a day"),
    ),
    Code.COLLEAGUES: Description(
        _(
            "Somebody opens the records of colleagues, who are customers or contacts too."
        ),
        _("Curiosity about people one knows is the commonest misuse of registers."),
        _("colleagues in a day"),
    ),
    Code.PROTECTED: Description(
        _(
            "Somebody who is not named for it opens the record of a person with a protected address."
        ),
        _("For these people it can be a matter of life that nobody finds them."),
        _("protected people in a day"),
    ),
    Code.PROTECTED_OFTEN: Description(
        _("A named reader opens records of people with a protected address."),
        _("Even who may see protected addresses seldom needs many of them."),
        _("looks in a day"),
    ),
    Code.OUTSIDE_HOURS: Description(
        _(
            "People whose records an account opens outside the working hours of its role."
        ),
        _("A stolen password is mostly used when its owner is away."),
        _("people in a day"),
    ),
    Code.NO_CASE: Description(
        _(
            "Days within 30 days on which an account opens the same person's record, while nothing is changed and the person has no conversation with us."
        ),
        _("Following one person without any work to do is a sign of a private reason."),
        _("days in 30"),
    ),
    Code.REFUSED: Description(
        _("Pages that one account asks for in a day and may not see."),
        _("Trying addresses by hand is how a way round the rights is looked for."),
        _("refused pages in a day"),
    ),
    Code.MANY_ACCOUNTS: Description(
        _("Different accounts that open the same person's record within 7 days."),
        _("A known person draws looks that no work explains."),
        _("accounts in 7 days"),
    ),
    Code.API_KEY: Description(
        _("Different people whose records another system reads in a day."),
        _("A key that leaked reads far more than its system usually does."),
        _("people in a day"),
        has_usual=True,
    ),
}


def in_force(day: date) -> dict[str, LookupRule]:
    """Return the rules that are watched on a day, by code."""
    newest = LookupRule.objects.filter(valid_from__lte=day).order_by(
        "code", "-valid_from"
    )
    return {rule.code: rule for rule in newest.distinct("code") if rule.is_on}


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """From how many a rule raises an alert, and what that was reckoned from."""

    threshold: int
    usual: int | None = None
    usual_of_role: int | None = None


def limit(
    rule: LookupRule, *, usual: int | None = None, usual_of_role: int | None = None
) -> Limit:
    """Return the limit of a rule for somebody whose usual this is, as far as it is known."""
    known = [float(value) for value in (usual, usual_of_role) if value is not None]
    factor = float(rule.factor) if rule.factor is not None else 0.0
    threshold = max(rule.floor, *(int(factor * value) for value in known), 0)
    return Limit(threshold, usual, usual_of_role)
