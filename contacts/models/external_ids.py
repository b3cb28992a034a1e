"""Under what number another system knows a person."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.people import Contact
from register.datamap import (
    Category,
    Identifier,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)


class ExternalId(models.Model):
    """The number of a person in another system, by which its next file finds them."""

    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="external_ids", verbose_name=_("contact")
    )
    system = models.SlugField(_("system"), max_length=40)
    value = models.CharField(_("number in the system"), max_length=100)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        subjects=(Subject("contact", path="contact"),),
        activity="customer_relationship",
        source="another system of the controller",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("whose number", portability=Portability.OBSERVED),
            "system": Personal("which system", portability=Portability.OBSERVED),
            "value": Personal(
                "number of the record in the other system",
                identifies=(Identifier.ID,),
                portability=Portability.OBSERVED,
            ),
            "created_at": Personal("since when", portability=Portability.OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("number in another system")
        verbose_name_plural = _("numbers in other systems")
        constraints = [
            models.UniqueConstraint(
                fields=["system", "value"],
                name="externalid_once",
                violation_error_message=_("This number is somebody else's already."),
            ),
        ]

    def __str__(self) -> str:
        return f"ExternalId {self.pk}"
