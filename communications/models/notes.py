"""What staff write down about a person or a company (N4.9)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact
from register.datamap import (
    Access,
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Subject,
)

OBSERVED = Portability.OBSERVED
LONGEST_NOTE = 10_000
# Which colleague it was is the colleague's own data.
WITHHELD: dict[str, Any] = {
    "portability": OBSERVED,
    "access": Access.WITHHOLD,
    "ground": "rights of the employee, CJEU C-579/21",
}
NO_HEALTH_DATA = _(
    "Free text. The person may read it. Write nothing about health, beliefs, trade union or other private matters."
)


def about(by: str) -> tuple[Subject, ...]:
    """Return whom something that staff noted down is about.

    A colleague is in it too, by the path ``by``: the row goes with the person it is
    about, and stays when only the colleague goes.
    """
    return (
        Subject("whom it is about", path="contact"),
        Subject(
            "contact person of the company",
            path="company__affiliations__contact",
            access=Access.REVIEW,
            erasure=Erasure.SCRUB,
        ),
        Subject("member of staff", path=by, kind="staff", erasure=Erasure.SCRUB),
    )


def about_one(name: str) -> models.CheckConstraint:
    """Return the rule that a row is about one person or one company, never both."""
    return models.CheckConstraint(
        condition=models.Q(contact__isnull=False, company=None)
        | models.Q(contact=None, company__isnull=False),
        name=name,
        violation_error_message=_("Choose one person or one company."),
    )


class Note(models.Model):
    """A note about a person or a company, kept with it."""

    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notes",
        verbose_name=_("contact"),
    )
    company = models.ForeignKey(
        Company,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notes",
        verbose_name=_("company"),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("written by"),
    )
    text = models.TextField(
        _("note"), max_length=LONGEST_NOTE, help_text=NO_HEALTH_DATA
    )
    is_pinned = models.BooleanField(_("pinned"), default=False)
    written_at = models.DateTimeField(_("written"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.NOTES,
        subjects=about("author"),
        reached_with=("company",),
        activity="customer_relationship",
        source="staff, from what the person or the customer said",
        retention=Reviewed(
            "notes",
            "as long as the person or the company is in the register",
            "P24M",
            "written_at",
        ),
        fields={
            "id": NotPersonal("number of the note"),
            "contact": Personal("whom the note is about", portability=OBSERVED),
            "company": Personal(
                "which company the note is about", portability=OBSERVED
            ),
            "author": Personal("who wrote the note", **WITHHELD),
            "text": Personal(
                "what was noted",
                portability=OBSERVED,
                access=Access.REVIEW,
                mentions_others=True,
            ),
            "is_pinned": NotPersonal("how the note is shown"),
            "written_at": Personal("when it was noted", portability=OBSERVED),
            "changed_at": Personal("when the note was changed", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [about_one("note_about_one")]
        indexes = [
            # The timeline of a person and of a company.
            models.Index(
                fields=["contact", "-written_at"],
                name="note_of_contact",
                condition=models.Q(contact__isnull=False),
            ),
            models.Index(
                fields=["company", "-written_at"],
                name="note_of_company",
                condition=models.Q(company__isnull=False),
            ),
            # The review of old notes.
            models.Index(fields=["written_at"], name="note_for_review"),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
