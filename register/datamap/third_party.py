"""Declarations for the tables of Django itself: in scope like all others."""

from __future__ import annotations

from register.datamap.declarations import ModelMap, NotPersonal
from register.datamap.vocabulary import Category

_FRAMEWORK = NotPersonal("vocabulary of the framework")

# By lower-case label, because many-to-many tables have generated class names.
THIRD_PARTY: dict[str, ModelMap] = {
    "auth.permission": ModelMap(
        category=Category.SYSTEM,
        fields=dict.fromkeys(("id", "name", "content_type", "codename"), _FRAMEWORK),
    ),
    "auth.group": ModelMap(
        category=Category.SYSTEM, fields=dict.fromkeys(("id", "name"), _FRAMEWORK)
    ),
    "auth.group_permissions": ModelMap(
        category=Category.SYSTEM,
        fields=dict.fromkeys(("id", "group", "permission"), _FRAMEWORK),
    ),
    "contenttypes.contenttype": ModelMap(
        category=Category.SYSTEM,
        fields=dict.fromkeys(("id", "app_label", "model"), _FRAMEWORK),
    ),
    "sessions.session": ModelMap(
        category=Category.SYSTEM,
        fields={
            "session_key": NotPersonal("random number"),
            "session_data": NotPersonal(
                "signed number of the staff account and codes of settings; no values are put into a session"
            ),
            "expire_date": NotPersonal("technical time"),
        },
    ),
    # The table stays empty: register.staff_site writes the audit trail instead.
    "admin.logentry": ModelMap(
        category=Category.SYSTEM,
        fields=dict.fromkeys(
            (
                "id",
                "action_time",
                "user",
                "content_type",
                "object_id",
                "object_repr",
                "action_flag",
                "change_message",
            ),
            NotPersonal("never written; the audit trail takes its place"),
        ),
    ),
}
