"""Who answers for the register, and where people reach the data protection officer."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal
from register.identifiers import InvalidIdentifier, normalise_business_id

PUBLISHED = "published in the privacy notice; the office answers there, not a person"


class Controller(models.Model):
    """The controller of the notice (clauses N1.1 and N1.2). There is one row at most."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(
        primary_key=True, default=ONLY, editable=False
    )
    name = models.CharField(_("name"), max_length=200)
    business_id = models.CharField(
        _("business id"),
        max_length=20,
        help_text=_("For example 2327327-1; its check digit is verified."),
    )
    street_address = models.CharField(_("street address"), max_length=200)
    postcode = models.CharField(
        _("postcode"),
        max_length=10,
        validators=[
            RegexValidator(r"^\d{5}\Z", _("A Finnish postcode has five digits."))
        ],
    )
    town = models.CharField(_("town"), max_length=80)
    dpo_email = models.EmailField(
        _("e-mail address of the data protection officer"),
        help_text=_(
            "An address of the office rather than of a person: people write there about their data."
        ),
    )
    dpo_address = models.CharField(
        _("postal address of the data protection officer"), max_length=300
    )

    data_map: ClassVar = ModelMap(
        category=Category.DATA_MAP,
        fields={
            "id": NotPersonal("there is one row"),
            "name": NotPersonal("name of the organisation, published in the notice"),
            "business_id": NotPersonal("number of the organisation, public"),
            "street_address": NotPersonal("address of the organisation, public"),
            "postcode": NotPersonal("address of the organisation, public"),
            "town": NotPersonal("address of the organisation, public"),
            "dpo_email": NotPersonal(PUBLISHED),
            "dpo_address": NotPersonal(PUBLISHED),
        },
    )

    class Meta:
        verbose_name = _("controller")
        verbose_name_plural = _("controller")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="controller_one")
        ]

    def __str__(self) -> str:
        return str(capfirst(self._meta.verbose_name))

    def clean(self) -> None:
        """Bring the business id into one spelling; refuse a wrong check digit."""
        try:
            self.business_id = normalise_business_id(self.business_id)
        except InvalidIdentifier as error:
            raise ValidationError({"business_id": SENTENCES[error.code]}) from error

    @property
    def address(self) -> str:
        """The address in one line."""
        place = f"{self.postcode} {self.town}".strip()
        return ", ".join(part for part in (self.street_address, place) if part)


SENTENCES = {
    "business_id_form": _(
        "This is not a business id: it has seven digits, a hyphen and a check digit, for example 2327327-1."
    ),
    "business_id_check_digit": _(
        "The check digit of the business id is wrong. Check every digit."
    ),
}
