"""The words the data map is written in. Codes are stable: they stand in packages and ledgers."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Category(models.TextChoices):
    """What kind of data a row holds. Rights are given per category (N9.1).

    The first group follows the list of the privacy notice (clause N4); the second is
    what the register keeps about its own running.
    """

    IDENTITY = "identity", _("Identity and contact details")
    COMPANY = "company", _("Companies and roles")
    PROFILE = "profile", _("Profile and concluded interests")
    CLASSIFICATION = "classification", _("Interests given by the person")
    PROTECTED = "protected", _("Protected addresses")
    PROHIBITIONS = "prohibitions", _("Prohibitions of contact")
    COMMUNICATION = "communication", _("Communication: who and when")
    NOTES = "notes", _("Notes, follow-ups and meetings")
    MESSAGES = "messages", _("E-mail with the person")
    INFORMATION = "information", _("Information duty")
    CHATS = "chats", _("Customer-service chats")
    RECORDINGS = "recordings", _("Call recordings")
    IMPORTS = "imports", _("Import batches")
    EXPORTS = "exports", _("Exports")

    REQUESTS = "requests", _("Requests of data subjects")
    RETENTION = "retention", _("Retention and holds")
    DATA_MAP = "data_map", _("Data map and legal parameters")
    CONFORMANCE = "conformance", _("Conformance board")
    AUDIT = "audit", _("Audit trail")
    LOOKUPS = "lookups", _("Unusual look-ups")
    STAFF = "staff", _("Staff accounts and roles")
    API_KEYS = "api_keys", _("API keys")
    JOBS = "jobs", _("Background jobs and approvals")
    SYSTEM = "system", _("Technical records")


# Which clause of the notice a category answers for; None where the notice is silent
# because the row is not about its data subjects.
CLAUSES: dict[Category, str | None] = {
    Category.IDENTITY: "N4.1",
    Category.COMPANY: "N4.2",
    Category.PROFILE: "N4.8",
    Category.CLASSIFICATION: "N4.16",
    Category.PROTECTED: "N9.1",
    Category.PROHIBITIONS: "N4.4",
    Category.COMMUNICATION: "N4.9",
    Category.NOTES: "N4.9",
    Category.MESSAGES: "N4.9",
    Category.INFORMATION: "N3.4",
    Category.CHATS: "N4.11",
    Category.RECORDINGS: "N4.12",
    Category.IMPORTS: "N3.4",
    Category.EXPORTS: "N5.1",
    Category.REQUESTS: "N10.1",
    Category.RETENTION: "N7.1",
    Category.AUDIT: "N9.1",
    Category.LOOKUPS: "N9.1",
    Category.STAFF: "N9.2",
    Category.CONFORMANCE: "N0.1",
    Category.DATA_MAP: None,
    Category.API_KEYS: None,
    Category.JOBS: None,
    Category.SYSTEM: None,
}


class Action(models.TextChoices):
    """What may be done to a category. Nothing follows from anything else."""

    VIEW = "view", _("see")
    ADD = "add", _("add")
    CHANGE = "change", _("change")
    DELETE = "delete", _("delete")
    IMPORT = "import", _("import")
    EXPORT = "export", _("export")
    BULK = "bulk", _("change many at once")
    APPROVE = "approve", _("approve")


class Scope(models.TextChoices):
    """Whose rows a right reaches, narrowest first.

    *Own*: I am responsible. *Team*: a team of mine or a colleague of one is responsible,
    or I am. A person for whom nobody is responsible belongs to nobody: only a right to
    all reaches such a row.
    """

    OWN = "own", _("own")
    TEAM = "team", _("own team's")
    ALL = "all", _("all")


class Level(models.TextChoices):
    """What is seen of a field and done with it, least first."""

    HIDDEN = "hidden", _("hidden")
    MASKED = "masked", _("masked")
    READ_ONLY = "read_only", _("read only")
    FULL = "full", _("seen and changed")


# What binds whoever works with a person must be known to the services that heed it, also
# of people whom the reader does not see: no row security of scopes is on these. They are
# given for all people or not at all. The last five are not about customers.
HEEDED = frozenset(
    {
        Category.PROHIBITIONS,
        Category.PROTECTED,
        Category.RETENTION,
        Category.AUDIT,
        Category.LOOKUPS,
        Category.REQUESTS,
        Category.EXPORTS,
        Category.CONFORMANCE,
        Category.DATA_MAP,
        Category.STAFF,
        Category.API_KEYS,
        Category.JOBS,
        Category.SYSTEM,
    }
)


class Access(models.TextChoices):
    """What an access request (GDPR Art. 15) does with a value, mildest first."""

    GIVE = "give", _("given")
    REVIEW = "review", _("reviewed first")
    WITHHOLD = "withhold", _("withheld")


class Portability(models.TextChoices):
    """How a value came about, which decides portability (GDPR Art. 20, WP 242)."""

    PROVIDED = "provided", _("given by the person")
    OBSERVED = "observed", _("observed from use")
    INFERRED = "inferred", _("inferred by the controller")


class Erasure(models.TextChoices):
    """What erasing a person (GDPR Art. 17) does with a row or a value."""

    DELETE_ROW = "delete_row", _("the row is deleted")
    DELETE_WHEN_LAST = "delete_when_last", _("the row goes with the last person in it")
    SCRUB = "scrub", _("the row stays, mentions of the person are removed")
    BLANK = "blank", _("the value is emptied")
    CONSTANT = "constant", _("the value is replaced by a constant")
    KEEP = "keep", _("kept under a named law until a date")


class Identifier(models.TextChoices):
    """By what kind of identifier a field finds a person."""

    EMAIL = "email", _("e-mail address")
    PHONE = "phone", _("telephone number")
    NAME = "name", _("name")
    ADDRESS = "address", _("postal address")
    ID = "id", _("identifier")
