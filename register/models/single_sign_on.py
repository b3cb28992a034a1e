"""By which identity of the employer's single sign-on somebody logs in."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Access,
    Category,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.models.staff import User


class StaffIdentity(models.Model):
    """The number that an identity provider has for the holder of an account."""

    user = models.ForeignKey(User, models.CASCADE, related_name="identities")
    issuer = models.CharField(_("identity provider"), max_length=255)
    # The provider gives it to nobody else, ever: an address it may.
    subject = models.CharField(_("number at the provider"), max_length=255)
    # What the groups gave, and so may take: roles given by hand are not among them.
    group_roles = ArrayField(
        models.SlugField(max_length=40),
        verbose_name=_("roles by groups"),
        default=list,
        blank=True,
    )
    linked_at = models.DateTimeField(_("linked"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last use"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the employer's identity provider",
        retention=WithParent("user"),
        fields={
            "id": NotPersonal("number of the row"),
            "user": Personal("whose identity", portability=Portability.OBSERVED),
            "issuer": NotPersonal("the employer's identity provider"),
            "subject": Personal(
                "number of the person at the identity provider",
                access=Access.WITHHOLD,
                ground="security of the service (notice, section 8)",
            ),
            "group_roles": Personal(
                "roles given by groups of the identity provider",
                portability=Portability.OBSERVED,
            ),
            "linked_at": Personal("since when", portability=Portability.OBSERVED),
            "last_used_at": Personal("last use", portability=Portability.OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("identity of single sign-on")
        verbose_name_plural = _("identities of single sign-on")
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="staffidentity_one_account"
            ),
            models.UniqueConstraint(
                fields=["user", "issuer"], name="staffidentity_once"
            ),
        ]

    def __str__(self) -> str:
        return f"StaffIdentity {self.pk}"
