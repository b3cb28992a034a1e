"""Protected addresses (turvakielto): whose whereabouts are hidden, and who may see them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Category,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Subject,
    WithParent,
)

OBSERVED = Portability.OBSERVED


class AddressProtection(models.Model):
    """A person whose home, workplace and movements must not become known.

    While it is in force, the rows that tell where the person is do not exist for the web
    (see :mod:`register.database.whereabouts`). It names the person by UUID, like a hold.
    """

    class Ground(models.TextChoices):
        NON_DISCLOSURE = (
            "non_disclosure",
            _("non-disclosure for personal safety (turvakielto)"),
        )
        RESTRAINING_ORDER = "restraining_order", _("a restraining order")
        OWN_REQUEST = "own_request", _("the person asked for it and gave reasons")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject_id = models.UUIDField(_("person"))
    ground = models.CharField(_("ground"), max_length=20, choices=Ground)
    evidence = models.CharField(
        _("what was shown"),
        max_length=120,
        blank=True,
        help_text=_(
            "For example the date of a certificate. Write no address and no names."
        ),
    )
    valid_until = models.DateField(
        _("last day"),
        null=True,
        blank=True,
        help_text=_("Empty: until it is lifted."),
    )
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("set by"),
    )
    set_at = models.DateTimeField(_("set"), default=timezone.now)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.PROTECTED,
        subjects=(Subject("protected person", by_id="subject_id"),),
        activity="accountability",
        source="the person, an authority's certificate",
        retention=Reviewed(
            "address_protections", "while the protection is needed", "P12M", "set_at"
        ),
        fields={
            "id": NotPersonal("number of the protection"),
            "subject_id": Personal("whose address is protected", portability=OBSERVED),
            "ground": Personal("why your address is protected"),
            "evidence": Personal("what was shown for it", portability=OBSERVED),
            "valid_until": Personal("last day of the protection"),
            "set_by": NotPersonal(
                "account that set the protection; the audit trail answers for it"
            ),
            "set_at": Personal("since when it is protected", portability=OBSERVED),
            "lifted_at": Personal("when it was lifted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("protected address")
        verbose_name_plural = _("protected addresses")
        ordering = ["-set_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id"],
                condition=models.Q(lifted_at=None),
                name="addressprotection_one_in_force",
                violation_error_message=_("The address is protected already."),
            )
        ]
        indexes = [
            models.Index(fields=["set_at", "id"], name="addressprotection_newest")
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"

    @property
    def is_in_force(self) -> bool:
        """Whether it hides anything today, by the calendar in Finland."""
        is_over = self.valid_until and self.valid_until < timezone.localdate()
        return self.lifted_at is None and not is_over


class WhereaboutsReader(models.Model):
    """A member of staff who may see where protected persons are, one by one.

    Named by one person and approved by another. It is no right of a role: a role is
    given for a job, this is given to somebody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name=_("staff account"),
        error_messages={"unique": _("The user is named already.")},
    )
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("named by"),
    )
    named_at = models.DateTimeField(_("named"), default=timezone.now)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.PROTECTED,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the data protection officer",
        retention=WithParent("user"),
        fields={
            "id": NotPersonal("number of the row"),
            "user": Personal("who may see protected addresses", portability=OBSERVED),
            "named_by": NotPersonal("the colleague who decided, not the person named"),
            "named_at": Personal("when you were named", portability=OBSERVED),
            "approved_at": Personal("since when it is in force", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("reader of protected addresses")
        verbose_name_plural = _("readers of protected addresses")
        ordering = ["-named_at"]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
