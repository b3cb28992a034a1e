"""The exports of known products, by the names of their columns."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.services.imports.vocabulary.keys import key, key_without_number

# The exports of known products, by names that only they use, and names that mean
# something else there than elsewhere ("" leaves the column out).
PRODUCTS: dict[str, tuple[str, ...]] = {
    "mailchimp_unsubscribed": ("leid", "euid", "unsub time"),
    "mailchimp_cleaned": ("leid", "euid", "clean time"),
    "mailchimp_subscribed": ("leid", "euid"),
    "hubspot": ("record id", "lifecycle stage"),
    "dynamics": ("do not modify contact",),
    "google": ("email value", "phone value"),
    "outlook": ("e-mail address", "business phone", "business street"),
    "salesforce": ("account name", "mailing street"),
    "pipedrive": ("person name", "person email work"),
}
PRODUCT_NAMES: dict[str, str | Promise] = {
    "mailchimp_subscribed": _("Mailchimp: subscribed"),
    "mailchimp_unsubscribed": _("Mailchimp: unsubscribed"),
    "mailchimp_cleaned": _("Mailchimp: cleaned, mail to them came back"),
    "hubspot": "HubSpot",
    "dynamics": "Microsoft Dynamics 365",
    "google": _("Google Contacts"),
    "outlook": "Microsoft Outlook",
    "salesforce": "Salesforce",
    "pipedrive": "Pipedrive",
}
MEANT_BY_PRODUCT: dict[str, dict[str, str]] = {
    # Mr or Mrs.
    "outlook": {"title": "", "e-mail display name": "", "company main phone": ""},
    "google": {"name": "full_name", "organization name": "company_name"},
    "mailchimp_subscribed": {"address": "", "phone": "phone"},
}


def product_of(header: tuple[str, ...]) -> str:
    """Return which product's export the names of the columns are, "" if of none."""
    keys = {key(name) for name in header} | {
        key_without_number(name) for name in header
    }
    for product, marks in PRODUCTS.items():
        if all(key(mark) in keys for mark in marks):
            return product
    return ""
