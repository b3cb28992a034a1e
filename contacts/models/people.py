"""A person the register knows."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    SELF,
    Category,
    Identifier,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Subject,
)
from register.history.versions import keeps_history
from register.models import NoticeRevision, Team


class Source(models.TextChoices):
    """Where a record came from (N3.4, GDPR Art. 14(2)(f))."""

    PERSON = "person", _("the person")
    STAFF = "staff", _("entered by staff")
    IMPORT = "import", _("an imported file")
    API = "api", _("another system of the controller")
    PUBLIC = "public", _("a public register")


def without_source(name: str) -> models.Index:
    """Return an index of the records whose source is unknown.

    It is empty unless something is wrong: the conformance board looks there.
    """
    return models.Index(
        fields=["id"], name=name, condition=~models.Q(source__in=Source.values)
    )


# Data from elsewhere of somebody who has not been told of it (GDPR Art. 14).
DUTY_OPEN = ~models.Q(source=Source.PERSON) & models.Q(informed_at=None)


@keeps_history
class Contact(models.Model):
    """A person the register knows: a contact person, a customer or a prospect.

    Contacts are never deleted by hand. Erasure goes through ``dsar``, the end of a
    period through ``retention``; both work from the data map.
    """

    class Relationship(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        PROSPECT = "prospect", _("prospect")
        OTHER = "other", _("other")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    preferred_name = models.CharField(
        _("preferred name"),
        max_length=100,
        blank=True,
        db_default="",
        default="",
        help_text=_("What the person is called, if not by the first name."),
    )
    language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, blank=True
    )
    relationship = models.CharField(
        _("relationship"),
        max_length=10,
        choices=Relationship,
        default=Relationship.PROSPECT,
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    source_detail = models.CharField(
        _("more about the source"),
        max_length=200,
        blank=True,
        help_text=_("For example the name of the list or of the event."),
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        # Indexed below.
        db_index=False,
        related_name="+",
        verbose_name=_("responsible"),
        help_text=_(
            "Who looks after the person. Rights to one's own people follow it."
        ),
    )
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("team"),
    )
    # When the data came to the controller: from then runs the month in which somebody
    # whose data came from elsewhere is told (GDPR Art. 14(3)).
    collected_at = models.DateTimeField(
        _("collected"), default=timezone.now, db_default=Now(), editable=False
    )
    # What people had been told by then. No index: revisions are never deleted.
    notice = models.ForeignKey(
        NoticeRevision,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("privacy notice in force"),
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    # When the person was told where the data came from; see services.information.
    informed_at = models.DateTimeField(
        _("informed"), null=True, blank=True, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        root="contact",
        subjects=(Subject("contact", path=SELF),),
        activity="customer_relationship",
        source="the person, a customer company, public registers",
        retention=Reviewed(
            "contacts",
            "while the person is a customer's contact person or the history of a service the customer used is kept (N7.4)",
            "P24M",
            "created_at",
        ),
        fields={
            "id": Personal(
                "number of the record",
                identifies=(Identifier.ID,),
                portability=Portability.OBSERVED,
            ),
            "first_name": Personal("first name", identifies=(Identifier.NAME,)),
            "last_name": Personal("last name", identifies=(Identifier.NAME,)),
            "preferred_name": Personal(
                "name the person is called by", identifies=(Identifier.NAME,)
            ),
            "language": Personal("language"),
            "relationship": Personal(
                "kind of relationship", portability=Portability.INFERRED
            ),
            "source": Personal(
                "where the data came from", portability=Portability.OBSERVED
            ),
            "source_detail": Personal(
                "more about the source", portability=Portability.OBSERVED
            ),
            "responsible": NotPersonal(
                "the colleague who is responsible, no data of the customer"
            ),
            "team": NotPersonal(
                "the team that is responsible, no data of the customer"
            ),
            "collected_at": Personal(
                "when the data was collected", portability=Portability.OBSERVED
            ),
            "notice": Personal(
                "revision of the privacy notice that was in force",
                portability=Portability.OBSERVED,
            ),
            "created_at": Personal(
                "when the record was made", portability=Portability.OBSERVED
            ),
            "updated_at": Personal(
                "when the record was last changed", portability=Portability.OBSERVED
            ),
            "informed_at": Personal(
                "when you were told of it", portability=Portability.OBSERVED
            ),
        },
    )

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            # The contact list in its two orders. What the filters ask stands in them
            # too: whoever matches is found without reading the table.
            # All have what row security asks, or each row would be looked up for it.
            # Narrow: to page 10,000 half a million of its entries are walked.
            models.Index(
                fields=["-created_at", "id"],
                include=["responsible", "team"],
                name="contact_newest",
            ),
            models.Index(
                fields=["-created_at", "id"],
                include=["relationship", "source", "language", "responsible", "team"],
                name="contact_newest_filtered",
            ),
            models.Index(
                fields=["last_name", "first_name", "id"],
                include=[
                    *("relationship", "source", "language", "created_at"),
                    *("responsible", "team"),
                ],
                name="contact_by_name",
            ),
            # Filters that leave few, which walking an order would find late or never.
            models.Index(
                fields=["relationship", "source", "language", "-created_at", "id"],
                include=["responsible", "team"],
                name="contact_by_filters",
            ),
            # One's own people, newest first; most rows have nobody responsible.
            models.Index(
                fields=["responsible", "-created_at", "id"],
                include=["team"],
                name="contact_own",
                condition=models.Q(responsible__isnull=False),
            ),
            # And those for whom nobody is.
            models.Index(
                fields=["-created_at", "id"],
                name="contact_of_nobody",
                condition=models.Q(responsible__isnull=True),
            ),
            models.Index(
                fields=["team", "-created_at", "id"],
                include=["responsible"],
                name="contact_of_team",
                condition=models.Q(team__isnull=False),
            ),
            without_source("contact_without_source"),
            # Who is still to be told, the most urgent first.
            models.Index(
                fields=["collected_at", "id"],
                name="contact_to_inform",
                condition=DUTY_OPEN,
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {str(self.pk)[:8]}"

    @property
    def full_name(self) -> str:
        """First and last name, for screens whose reader may see them."""
        return f"{self.first_name} {self.last_name}".strip()
