"""The clauses of the privacy notice by their stable ids, with a short name of our own."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

GROUPS: dict[str, str | Promise] = {
    "N0": _("The promise itself"),
    "N1": _("Who answers for the register"),
    "N2": _("Whose data it holds"),
    "N3": _("Why the data is used, and where it comes from"),
    "N4": _("Which data is held"),
    "N5": _("Who else gets it"),
    "N6": _("Transfers out of the EEA"),
    "N7": _("How long it is kept"),
    "N8": _("Rights of the data subjects"),
    "N9": _("Security"),
    "N10": _("How people reach us"),
    "N11": _("Changes of the notice"),
}

CLAUSES: dict[str, str | Promise] = {
    "N0.1": _("Every promise is checked and shown"),
    "N1.1": _("The controller is named"),
    "N1.2": _("The data protection officer can be reached"),
    "N2.1": _("Known kinds of people"),
    "N2.2": _("Known kinds of customers"),
    "N3.1": _("Every use has a legal basis"),
    "N3.2": _("Only the purposes of the notice"),
    "N3.3": _("Targeting, and untargeted content for who objects"),
    "N3.4": _("Every record knows its source"),
    "N3.5": _("Web analytics"),
    "N4.1": _("Name, e-mail, telephone, job title"),
    "N4.2": _("Company or community"),
    "N4.3": _("Subscriptions of mailing lists"),
    "N4.4": _("Prohibitions of contact"),
    "N4.5": _("Pages opened and brochures requested"),
    "N4.6": _("Log-ins to online services"),
    "N4.7": _("Messages sent, and whether they were opened"),
    "N4.8": _("User profile"),
    "N4.9": _("What was said, and when"),
    "N4.10": _("Messages to customer service and tickets"),
    "N4.11": _("Web chats"),
    "N4.12": _("Recordings of calls"),
    "N4.13": _("Feedback on customer service"),
    "N4.14": _("Technical data of visits"),
    "N4.15": _("Permissions and prohibitions the person gave"),
    "N4.16": _("Interests the person named"),
    "N4.17": _("Contact forms"),
    "N4.18": _("Feedback, contact messages, consents"),
    "N4.19": _("IP address or another identifier"),
    "N4.20": _("Orders, invoices, deliveries"),
    "N4.21": _("Cookies"),
    "N4.22": _("Use of the online services"),
    "N4.23": _("Use of the channels of customer service"),
    "N4.24": _("Social media"),
    "N5.1": _("Processors"),
    "N5.2": _("Disclosure to partners for marketing"),
    "N5.3": _("Disclosure to authorities"),
    "N6.1": _("No transfer without a lawful mechanism"),
    "N7.1": _("Everything has a period or a review"),
    "N7.2": _("Chats: 3 months"),
    "N7.3": _("Recordings: 7 months"),
    "N7.4": _("Contact persons: as long as they are that"),
    "N8.1": _("Right of access"),
    "N8.2": _("Rectification"),
    "N8.3": _("Erasure"),
    "N8.4": _("Objection"),
    "N8.5": _("Restriction"),
    "N8.6": _("Every reply tells of the right to complain"),
    "N8.7": _("Portability, telling recipients, no automated decisions"),
    "N9.1": _("Access follows the role"),
    "N9.2": _("Personal accounts and passwords"),
    "N9.3": _("Protected databases and systems"),
    "N10.1": _("Every request has a deadline"),
    "N11.1": _("Versions of the notice"),
}


def group_of(clause: str) -> str:
    """Return the section of the notice a clause belongs to: N4 for N4.12."""
    return clause.partition(".")[0]
