"""The frame of the staff screens: sidebar, colours, languages (django-unfold)."""

from __future__ import annotations

import functools
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse, reverse_lazy
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _


def _sees(label: str) -> Any:
    """Return a question for unfold: may this request's user see the table?"""

    def permission(request: HttpRequest) -> bool:
        app_label, model_name = label.split(".")
        return bool(request.user.has_perm(f"{app_label}.view_{model_name}"))

    return permission


def _page(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


_lazy_page = lazy(_page, str)


def _table(
    title: Any, icon: str, label: str, view: str = "changelist"
) -> dict[str, Any]:
    app_label, model_name = label.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": _lazy_page(f"admin:{app_label}_{model_name}_{view}"),
        "permission": _sees(label),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Seloste",
    "SITE_HEADER": "Seloste",
    "SITE_SUBHEADER": _("Customer register"),
    "SITE_SYMBOL": "contract",
    # There is no site besides this one that a link could lead back to.
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("seloste/favicon.svg"),
        }
    ],
    "SHOW_HISTORY": _sees("register.auditentry"),
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "DASHBOARD_CALLBACK": "register.screens.dashboard.add_figures",
    "STYLES": [lambda request: static("seloste/staff.css")],
    "SCRIPTS": [
        lambda request: static("seloste/labels.js"),
        lambda request: static("seloste/find.js"),
    ],
    "ACCOUNT": {
        "navigation": [
            {"title": _("My account"), "link": _lazy_page("mfa_index")},
        ]
    },
    "COMMAND": {"search_models": False, "show_history": False},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .013 205)",
            "100": "oklch(93% .032 205)",
            "200": "oklch(87% .055 205)",
            "300": "oklch(78% .085 205)",
            "400": "oklch(67% .095 207)",
            "500": "oklch(56% .092 210)",
            "600": "oklch(48% .083 213)",
            "700": "oklch(41% .072 215)",
            "800": "oklch(35% .06 217)",
            "900": "oklch(30% .05 219)",
            "950": "oklch(23% .042 221)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": _("Today"),
                "items": [
                    {
                        "title": _("Overview"),
                        "icon": "dashboard",
                        "link": reverse_lazy("admin:index"),
                    },
                    {
                        **_table(
                            _("My follow-ups"),
                            "event_upcoming",
                            "communications.followup",
                            "mine",
                        ),
                        "badge": "communications.dashboard.badge_of_reminders",
                        "badge_variant": "warning",
                    },
                    _table(_("Approvals"), "how_to_reg", "register.approval"),
                    _table(_("Jobs"), "progress_activity", "register.job"),
                    {
                        "title": _("What is watched"),
                        "icon": "visibility",
                        "link": _lazy_page("admin:register_lookuprule_watched"),
                    },
                ],
            },
            {
                "title": _("Contacts"),
                "separator": True,
                "items": [
                    _table(_("Contacts"), "group", "contacts.contact"),
                    _table(_("Companies"), "domain", "contacts.company"),
                    _table(
                        _("Service agreements"),
                        "handshake",
                        "contacts.serviceagreement",
                    ),
                    {
                        "title": _("Data quality"),
                        "icon": "data_check",
                        "link": _lazy_page("admin:contacts_contact_quality"),
                        "permission": "contacts.screens.quality.is_for",
                    },
                    _table(_("Imports"), "upload_file", "contacts.importbatch"),
                    _table(
                        _("Information duty"),
                        "mark_email_unread",
                        "contacts.informationgiven",
                        "due",
                    ),
                    {
                        "title": _("Exports"),
                        "icon": "file_save",
                        "link": _lazy_page("admin:contacts_export_changelist"),
                        "permission": "contacts.screens.exports.is_for",
                    },
                    {
                        "title": _("Changes of many"),
                        "icon": "checklist",
                        "link": _lazy_page("admin:contacts_bulkchange_changelist"),
                        "permission": "contacts.screens.bulk.is_for",
                    },
                    _table(
                        _("Possible duplicates"),
                        "group_search",
                        "contacts.contactpair",
                    ),
                    _table(
                        _("Duplicate companies"), "domain_add", "contacts.companypair"
                    ),
                    _table(_("Duties"), "badge", "contacts.duty"),
                    _table(_("Services"), "category", "contacts.service"),
                    _table(_("Topics of interest"), "interests", "contacts.topic"),
                ],
            },
            {
                "title": _("Service desk"),
                "separator": True,
                "items": [
                    _table(_("Chats"), "forum", "communications.chat"),
                    _table(_("Calls"), "call", "communications.call"),
                    _table(_("E-mail"), "mail", "communications.message"),
                    _table(_("Meetings"), "groups", "communications.meeting"),
                ],
            },
            {
                "title": _("Marketing"),
                "separator": True,
                "items": [
                    _table(_("Prohibitions"), "block", "consent.prohibition"),
                ],
            },
            {
                "title": _("Privacy"),
                "separator": True,
                "items": [
                    _table(_("Requests"), "inbox", "dsar.request"),
                    _table(
                        _("Conformance board"),
                        "fact_check",
                        "register.conformancerun",
                        "board",
                    ),
                    _table(_("Retention"), "auto_delete", "retention.run", "plan"),
                    _table(_("Ledger of deletions"), "receipt_long", "retention.batch"),
                    _table(_("Holds"), "pan_tool", "register.hold"),
                    _table(
                        _("Protected addresses"),
                        "visibility_off",
                        "register.addressprotection",
                    ),
                    _table(
                        _("Readers of protected addresses"),
                        "shield_person",
                        "register.whereaboutsreader",
                    ),
                    _table(_("Audit trail"), "policy", "register.auditentry"),
                    _table(
                        _("Unusual look-ups"), "travel_explore", "register.lookupalert"
                    ),
                    _table(_("Rules for look-ups"), "rule", "register.lookuprule"),
                    _table(_("Working hours"), "schedule", "register.workinghours"),
                    _table(
                        _("Revisions of the notice"),
                        "news",
                        "register.noticerevision",
                    ),
                    _table(_("Legal parameters"), "gavel", "register.legalparameter"),
                ],
            },
            {
                "title": _("Administration"),
                "separator": True,
                "items": [
                    _table(_("Staff accounts"), "badge", "register.user"),
                    _table(_("Roles"), "shield_person", "register.role"),
                    _table(_("Teams"), "groups", "register.team"),
                    _table(_("Rights for a while"), "timer", "register.elevation"),
                    _table(_("API keys"), "key", "register.apikey"),
                    _table(_("Controller"), "apartment", "register.controller"),
                    {
                        "title": _("Set-up"),
                        "icon": "checklist",
                        "link": _lazy_page("admin:register_setup"),
                        "permission": "register.screens.setup.is_for",
                    },
                ],
            },
        ],
    },
}


# /admin/app/table/ of an address, cut at its slashes.
TABLE = 4


def _items() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = UNFOLD["SIDEBAR"]["navigation"]
    return [item for group in groups for item in group["items"]]


@functools.cache
def _links() -> tuple[str, ...]:
    return tuple(filter(None, (str(item["link"]) for item in _items())))


def _is_open(link: Any, request: HttpRequest) -> bool:
    """Whether a page belongs to an item of the menu, and to no other one more closely.

    Unfold asks each item alone, and the addresses of some begin with that of another.
    """
    path = request.path
    first, *others = _links()  # the overview, with which every address begins
    begins = [other for other in others if path.startswith(other)]
    if not begins:
        # A page about a row of a table whose item leads to something else than its list.
        table = path.split("/")[:TABLE]
        begins = [other for other in others if other.split("/")[:TABLE] == table][:1]
    if not begins:
        return str(link) == first == path
    return str(link) == max(begins, key=len)


for _item in _items():
    _item["active"] = functools.partial(_is_open, _item["link"])
