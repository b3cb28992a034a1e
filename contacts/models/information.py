"""That a person was told what is held of them and where it came from (GDPR Art. 13, 14)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models.people import Contact
from register.datamap import (
    Access,
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)

OBSERVED: dict[str, Any] = {"portability": Portability.OBSERVED}


class InformationGiven(models.Model):
    """How, when and by whom a person was told, or why telling was not required.

    The duty itself is no row: everybody whose data came from elsewhere has it until
    ``Contact.informed_at`` is set, so an import of a hundred thousand adds nothing.
    """

    class How(models.TextChoices):
        EMAIL = "email", _("by e-mail")
        POST = "post", _("by letter")
        PHONE = "phone", _("on the telephone")
        IN_PERSON = "in_person", _("face to face")
        KNOWS = "knows", _("has the information already, Art. 14(5)(a)")
        EXEMPT = "exempt", _("exempt for another reason of Art. 14(5)")

    # What only somebody's word proves needs that word.
    NEEDS_EVIDENCE = frozenset({How.KNOWS, How.EXEMPT})

    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        related_name="information_given",
        verbose_name=_("contact"),
    )
    how = models.CharField(_("how"), max_length=10, choices=How)
    evidence = models.CharField(
        _("proof or reason"),
        max_length=300,
        blank=True,
        help_text=_("For example the day of the call. Write no names of others."),
    )
    given_at = models.DateTimeField(_("when"), default=timezone.now)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by whom"),
    )

    data_map: ClassVar = ModelMap(
        category=Category.INFORMATION,
        subjects=(
            Subject("who was told", path="contact"),
            Subject(
                "member of staff", path="given_by", kind="staff", erasure=Erasure.SCRUB
            ),
        ),
        activity="accountability",
        source="staff",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("who was told", **OBSERVED),
            "how": Personal("how you were told", **OBSERVED),
            "evidence": Personal("proof or reason", mentions_others=True, **OBSERVED),
            "given_at": Personal("when you were told", **OBSERVED),
            "given_by": Personal(
                "who told you",
                access=Access.WITHHOLD,
                ground="rights of the employee, CJEU C-579/21",
                **OBSERVED,
            ),
        },
    )

    class Meta:
        verbose_name = _("information given")
        verbose_name_plural = _("information given")
        ordering = ["-given_at", "-id"]
        indexes = [
            models.Index(fields=["-given_at", "-id"], name="information_newest"),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
