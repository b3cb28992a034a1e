"""What a colleague has promised to do about a person or a company, and by when."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from communications.models.notes import NO_HEALTH_DATA, WITHHELD, about, about_one
from contacts.models import Company, Contact
from register.datamap import Access, Category, Ends, ModelMap, NotPersonal, Personal
from register.datamap.vocabulary import Portability
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED
OPEN = models.Q(done_at=None)


class FollowUp(Expiring):
    """Something to do about a person or a company. It is done once ``done_at`` is set.

    ``reminded_at`` is set by the one process that claims the reminder, before anything
    is shown or sent; so nobody is reminded twice (``services.reminders``).
    """

    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name=_("contact"),
    )
    company = models.ForeignKey(
        Company,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name=_("company"),
    )
    what = models.CharField(_("what to do"), max_length=300, help_text=NO_HEALTH_DATA)
    due_at = models.DateTimeField(_("due"))
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("responsible"),
    )
    remind_at = models.DateTimeField(_("reminder"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    mailed_at = models.DateTimeField(_("reminded by e-mail"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.NOTES,
        subjects=about("responsible"),
        reached_with=("company",),
        activity="customer_relationship",
        source="staff, from what the person or the customer said",
        retention=Ends("follow-ups", "P36M", "done_at", fallback="due_at"),
        fields={
            "id": NotPersonal("number of the follow-up"),
            "contact": Personal("whom it is about", portability=OBSERVED),
            "company": Personal("which company it is about", portability=OBSERVED),
            "what": Personal(
                "what was to be done",
                portability=OBSERVED,
                access=Access.REVIEW,
                mentions_others=True,
            ),
            "due_at": Personal("by when", portability=OBSERVED),
            "responsible": Personal("who was to do it", **WITHHELD),
            "remind_at": NotPersonal("when the colleague is reminded"),
            "reminded_at": NotPersonal("when the colleague was reminded"),
            "mailed_at": NotPersonal("when the colleague was reminded by e-mail"),
            "created_at": Personal("when it was agreed", portability=OBSERVED),
            "done_at": Personal("when it was done", portability=OBSERVED),
            "ends_at": Personal("when the row is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ["due_at", "id"]
        constraints = [about_one("followup_about_one")]
        indexes = [
            # The list of all, in its order.
            models.Index(fields=["due_at", "id"], name="followup_by_due"),
            # My list: only what is open, which is little of all there ever was.
            models.Index(
                fields=["responsible", "due_at", "id"],
                name="followup_open",
                condition=OPEN,
            ),
            # The job that reminds.
            models.Index(
                fields=["remind_at"],
                name="followup_to_remind",
                condition=OPEN
                & models.Q(remind_at__isnull=False)
                & models.Q(reminded_at=None),
            ),
            # And the one that mails.
            models.Index(
                fields=["id"],
                name="followup_to_mail",
                condition=OPEN
                & models.Q(reminded_at__isnull=False)
                & models.Q(mailed_at=None),
            ),
            models.Index(
                fields=["contact", "-due_at"],
                name="followup_of_contact",
                condition=models.Q(contact__isnull=False),
            ),
            models.Index(
                fields=["company", "-due_at"],
                name="followup_of_company",
                condition=models.Q(company__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.done_at is None

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been done by now."""
        return self.is_open and self.due_at < timezone.now()
