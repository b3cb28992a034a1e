"""What facts and statuses are called on the board."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.conformance.registry import Status

# Names of facts that several checks share. A check brings the others itself.
LABELS: Mapping[str, str | Promise] = {
    "accounts": _("Accounts in use"),
    "activities": _("Processing activities"),
    "differences": _("What differs"),
    "due": _("Past the due instant"),
    "error": _("The check itself failed"),
    "held": _("Kept by a hold"),
    "last_run_at": _("Last run"),
    "late": _("Should be gone by now"),
    "longest_overdue_at": _("Longest overdue since"),
    "newest_at": _("Newest record"),
    "oldest_at": _("Oldest record"),
    "period": _("Period"),
    "promised_period": _("Period that the notice promises"),
    "rows": _("Records"),
    "tables": _("Tables"),
}

MEANINGS: Mapping[Status, str | Promise] = {
    Status.KEPT: _("Everything the clause promises is checked, and it is so."),
    Status.KEPT_IN_PART: _(
        "What is checked is so, but a part of the clause is not built yet or only people can judge it."
    ),
    Status.BROKEN: _(
        "At least one check found the opposite, or could not be carried out."
    ),
    Status.CANNOT_BE_CHECKED: _(
        "No machine can tell; the board says what a person must look at."
    ),
    Status.NOT_BUILT: _("The register does not do this yet, so nothing is checked."),
}
