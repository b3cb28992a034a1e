"""Constants of the law that may change, as dated rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _, gettext_noop

from register.datamap import Category, ModelMap, NotPersonal

# The sources of the rows every installation starts with, shown in the reader's language.
STANDARD_SOURCES = (
    gettext_noop("GDPR Art. 12(3); Regulation 1182/71 Art. 3"),
    gettext_noop("GDPR Art. 12(3): one month and two further months from receipt"),
    gettext_noop("GDPR Art. 33(1)"),
)


class LegalParameter(models.Model):
    """A period the law sets, in force from a day (LEGAL.md: never a literal in code)."""

    class Code(models.TextChoices):
        RESPONSE = "response", _("answer to a request, GDPR Art. 12(3)")
        EXTENSION = (
            "extension",
            _("extended answer, counted from receipt, GDPR Art. 12(3)"),
        )
        BREACH = "breach", _("notification of a breach, GDPR Art. 33(1)")

    code = models.CharField(_("parameter"), max_length=20, choices=Code)
    period = models.CharField(_("period (ISO 8601)"), max_length=20)
    valid_from = models.DateField(_("in force from"))
    source = models.CharField(_("source"), max_length=200)

    data_map: ClassVar = ModelMap(
        category=Category.DATA_MAP,
        fields={
            "id": NotPersonal("number of the row"),
            "code": NotPersonal("vocabulary"),
            "period": NotPersonal("a period of the law"),
            "valid_from": NotPersonal("a date of the law"),
            "source": NotPersonal("a provision of the law"),
        },
    )

    class Meta:
        verbose_name = _("legal parameter")
        verbose_name_plural = _("legal parameters")
        ordering = ["code", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "valid_from"], name="legalparameter_one_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_code_display()}: {self.period} ({self.valid_from})"
