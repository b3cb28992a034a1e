"""Declarations for the tables of Django itself: in scope like all others."""

from __future__ import annotations

from typing import Any

from register.datamap.declarations import (
    Keys,
    ModelMap,
    NotPersonal,
    Personal,
    Subject,
    WithParent,
)
from register.datamap.vocabulary import Access, Category, Portability

_FRAMEWORK = NotPersonal("vocabulary of the framework")
_TIME = NotPersonal("technical time")


# Of a log-in: nobody is given these, not even their holder.
_SECRET: dict[str, Any] = {
    "access": Access.WITHHOLD,
    "ground": "security of the service (notice, section 8)",
}
_OBSERVED: dict[str, Any] = {"portability": Portability.OBSERVED}


def _of_staff(path: str, fields: dict[str, Personal | NotPersonal | Keys]) -> ModelMap:
    """A table of django-allauth: about a member of staff, ending with the account."""
    return ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path=path, kind="staff"),),
        activity="access_control",
        source="the person and the use of the register",
        retention=WithParent(path.partition("__")[0]),
        fields=fields,
    )


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
    "mfa.authenticator": _of_staff(
        "user",
        {
            "id": NotPersonal("number of the row"),
            "user": Personal("whose second factor", **_OBSERVED),
            "type": Personal("kind of second factor", **_OBSERVED),
            "data": Keys(
                {
                    "secret": Personal(
                        "sealed secret of the authenticator app", **_SECRET
                    ),
                    "seed": Personal("sealed seed of the recovery codes", **_SECRET),
                    "used_mask": NotPersonal("which codes are used"),
                    "viewed_at": NotPersonal("when the codes were shown"),
                    "migrated_codes": Personal("sealed recovery codes", **_SECRET),
                    "name": Personal("name of the passkey"),
                    "credential": Personal("public key of the passkey", **_SECRET),
                }
            ),
            "created_at": Personal("since when", **_OBSERVED),
            "last_used_at": Personal("last use", **_OBSERVED),
        },
    ),
    "usersessions.usersession": _of_staff(
        "user",
        {
            "id": NotPersonal("number of the row"),
            "user": Personal("whose session", **_OBSERVED),
            "created_at": Personal("when the person logged in", **_OBSERVED),
            "ip": NotPersonal("always 192.0.2.0: no address of a browser is kept"),
            "last_seen_at": Personal("when the session was last used", **_OBSERVED),
            "session_key": Personal("key of the session", **_SECRET),
            "user_agent": Personal(
                "browser and device, as they name themselves", **_OBSERVED
            ),
            "data": NotPersonal("never written"),
        },
    ),
    # Both stay empty: addresses are vouched for by whoever makes the account.
    "account.emailaddress": _of_staff(
        "user",
        {
            "id": NotPersonal("number of the row"),
            "user": Personal("whose address", **_OBSERVED),
            "email": Personal("e-mail address"),
            "verified": NotPersonal("technical state"),
            "primary": NotPersonal("technical state"),
        },
    ),
    "account.emailconfirmation": _of_staff(
        "email_address__user",
        {
            "id": NotPersonal("number of the row"),
            "email_address": Personal("which address", **_OBSERVED),
            "created": _TIME,
            "sent": _TIME,
            "key": Personal("key of a confirmation", **_SECRET),
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
