"""Clauses N3, N5 and N6 as far as the data map knows: purposes, bases, recipients."""

from __future__ import annotations

from django.core import checks
from django.utils.translation import gettext_lazy as _

from register.activities import (
    ACTIVITIES,
    EEA,
    RECIPIENTS,
    Activity,
    LegalBasis,
)
from register.conformance.registry import (
    Board,
    Finding,
    judge,
    live_check,
    look_at,
    not_built,
)
from register.datamap.checks import check_data_map
from register.datamap.graph import graph
from register.models import AuditEntry, Role

# The purposes of the notice that something stands for, and the activities that do.
PURPOSES = {
    "sales": {"customer_relationship"},
    "customer_relationship": {"customer_relationship"},
    "customer_support": {"customer_support"},
    "access_control": {"access_control"},
}
# As many of the newest uses are looked at.
NEWEST_USES = 10_000


def data_map_findings() -> list[checks.CheckMessage]:
    """Return what the data map lacks, by the checks that also stop a start."""
    return check_data_map()


@live_check(
    "bases_named",
    "N3.1",
    promise=_(
        "Every table with personal data and every role works under a processing activity with a legal basis, and legitimate interest has been weighed."
    ),
    remedy=_(
        "Give the role a purpose of use that exists, or complete register/activities.py."
    ),
    link="admin:register_role_changelist",
    labels={
        "without_balancing": _("Legitimate interest without its weighing"),
        "tables_without": _("Tables without an activity"),
        "roles_without": _("Roles without an activity"),
    },
)
def bases_named(board: Board) -> Finding:
    """Compare tables and roles with the activities there are."""
    unweighed = [a.code for a in ACTIVITIES.values() if not _is_weighed(a)]
    tables = [e.label for e in graph().personal() if e.map.activity not in ACTIVITIES]
    roles = list(Role.objects.exclude(default_purpose__in=ACTIVITIES).order_by("code"))
    return judge(
        not (unweighed or tables or roles),
        activities=len(ACTIVITIES),
        without_balancing=unweighed,
        tables_without=tables,
        roles_without=[role.code for role in roles],
        records=[(Role._meta.label, role.pk) for role in roles],
    )


not_built(
    "consent_as_basis",
    "N3.1",
    what=_("Consent as a basis, with its evidence, is not kept yet."),
)


def _is_weighed(activity: Activity) -> bool:
    if activity.basis != LegalBasis.LEGITIMATE_INTEREST:
        return True
    test = activity.balancing_test
    return test is not None and all(
        (test.reference, test.interest, test.why_necessary, test.why_not_overridden)
    )


@live_check(
    "purposes_of_the_notice",
    "N3.2",
    promise=_(
        "Data is used for purposes of the notice or under a duty of the law, and the newest uses in the audit trail name no other."
    ),
    remedy=_(
        "Stop the use, or add the purpose to the notice before it begins (Art. 13(3))."
    ),
    link="admin:register_auditentry_changelist",
    labels={
        "other_activities": _("Activities beyond the notice"),
        "uses_looked_at": _("Uses looked at"),
        "unknown_purposes": _("Unknown purposes among them"),
    },
)
def purposes_of_the_notice(board: Board) -> Finding:
    """Compare the activities with the notice, and what was done with the activities."""
    of_the_notice = set().union(*PURPOSES.values())
    other = [
        activity.code
        for activity in ACTIVITIES.values()
        if activity.code not in of_the_notice
        and activity.basis != LegalBasis.LEGAL_OBLIGATION
    ]
    newest = AuditEntry.objects.order_by("-id").values_list("purpose", flat=True)
    uses = list(newest[:NEWEST_USES])
    unknown = set(uses) - set(ACTIVITIES) - {""}
    return judge(
        not (other or unknown),
        activities=len(ACTIVITIES),
        other_activities=other,
        uses_looked_at=len(uses),
        unknown_purposes=unknown,
    )


not_built(
    "other_purposes",
    "N3.2",
    what=_(
        "Marketing, invoicing, service development, and analysis and targeting are not done with the register yet."
    ),
)


@live_check(
    "recipients_recorded",
    "N5.1",
    promise=_(
        "Every recipient that a table names is on record with its country and with what it receives."
    ),
    remedy=_("Complete the recipient in register/activities.py."),
    labels={
        "recipients": _("Recipients on record"),
        "unknown": _("Named by a table, not on record"),
        "incomplete": _("On record without country or what they receive"),
    },
)
def recipients_recorded(board: Board) -> Finding:
    """Compare what tables name with the list of recipients."""
    named = {code for entry in graph() for code in entry.map.recipients}
    incomplete = [
        r.code for r in RECIPIENTS.values() if not (r.name and r.country and r.receives)
    ]
    unknown = named - set(RECIPIENTS)
    return judge(
        not (unknown or incomplete),
        recipients=len(RECIPIENTS),
        unknown=unknown,
        incomplete=incomplete,
    )


look_at(
    "all_processors_listed",
    "N5.1",
    what=_(
        "Whether every processor in use, such as the company that runs the servers, is listed and bound by a contract (Art. 28): compare the list with the contracts."
    ),
)


@live_check(
    "transfers_lawful",
    "N6.1",
    promise=_("Every recipient outside the EEA has a lawful mechanism on record."),
    remedy=_(
        "Name the adequacy decision or the safeguard (Art. 46), or stop using the recipient."
    ),
    labels={
        "outside": _("Recipients outside the EEA"),
        "without_mechanism": _("Of these without a mechanism"),
    },
)
def transfers_lawful(board: Board) -> Finding:
    """Look at the country and the safeguard of every recipient."""
    outside = [r for r in RECIPIENTS.values() if r.country not in EEA]
    without = [r.code for r in outside if not r.safeguard.strip()]
    return judge(not without, outside=len(outside), without_mechanism=without)


look_at(
    "systems_outside_the_register",
    "N6.1",
    what=_(
        "Whether e-mail, the web or other systems around the register carry data out of the EEA, and by which mechanism."
    ),
)
