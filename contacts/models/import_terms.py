"""On what terms a file is brought in: whom it may add or change, and by what right."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from contacts.models.people import Contact
from register.activities import ACTIVITIES
from register.datamap import NotPersonal

# Why people may be brought in. The other activities are about the register itself.
LAWFUL = ("customer_relationship", "customer_support", "contact_preferences")


def lawful_activities() -> list[tuple[str, str | Promise]]:
    """The purposes for which a file may be brought in, for a form."""
    return [(code, ACTIVITIES[code].purpose) for code in LAWFUL]


class ImportTerms(models.Model):
    """What a batch and a saved source of files have in common."""

    class Mode(models.TextChoices):
        BOTH = "both", _("Add new people and update known ones")
        NEW = "new", _("Only add new people")
        UPDATE = "update", _("Only update known people")

    class Key(models.TextChoices):
        AUTO = "auto", _("E-mail address, else telephone and name")
        EMAIL = "email", _("E-mail address")
        PHONE = "phone", _("Telephone and name")
        NUMBER = "number", _("Number of the record in this register")
        EXTERNAL = "external", _("Number in the other system")

    class SourceKind(models.TextChoices):
        PERSON = "person", _("the persons themselves")
        EVENT = "event", _("an event or a fair")
        PARTNER = "partner", _("a partner or a customer company")
        PUBLIC = "public", _("a public register or website")
        SYSTEM = "system", _("another system of ours")

    mode = models.CharField(
        _("what it may do"), max_length=6, choices=Mode, default=Mode.BOTH
    )
    recognised_by = models.CharField(
        _("people are recognised by"), max_length=8, choices=Key, default=Key.AUTO
    )
    # Codes of targets whose stored values are replaced, and those where even what the
    # person or staff entered is.
    replaced = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("replaced values"),
        default=list,
        blank=True,
    )
    replaced_all = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("values replaced whoever entered them"),
        default=list,
        blank=True,
    )
    source_kind = models.CharField(
        _("kind of source"), max_length=8, choices=SourceKind, blank=True
    )
    activity = models.CharField(
        _("purpose"), max_length=40, choices=lawful_activities, blank=True
    )
    is_informed = models.BooleanField(
        _("they have been told"),
        default=False,
        help_text=_(
            "The people were shown our privacy notice when the data was collected."
        ),
    )
    default_relationship = models.CharField(
        _("relationship"),
        max_length=10,
        choices=Contact.Relationship,
        default=Contact.Relationship.PROSPECT,
    )
    default_language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, blank=True
    )
    default_company = models.ForeignKey(
        Company,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("company"),
    )
    external_system = models.SlugField(
        _("other system"),
        max_length=40,
        blank=True,
        help_text=_(
            "A short name, for example hubspot. Its numbers are kept under it."
        ),
    )

    class Meta:
        abstract = True


def meanings() -> dict[str, Any]:
    """Return what the fields are to people: they are terms of a whole file."""
    chosen = NotPersonal("chosen for a whole file")
    return {
        **dict.fromkeys(
            (
                *(
                    "mode",
                    "recognised_by",
                    "replaced",
                    "replaced_all",
                    "source_kind",
                    "activity",
                ),
                *("is_informed", "default_relationship", "default_language"),
            ),
            chosen,
        ),
        "default_company": NotPersonal("which company the people of a file act for"),
        "external_system": NotPersonal("name of a system"),
    }


TERMS = tuple(meanings())
