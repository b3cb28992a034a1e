"""Words that are data: staff add to them, and none is deleted once it was used."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext, gettext_lazy as _, gettext_noop

from register.datamap import Category, ModelMap, NotPersonal

_code = RegexValidator(
    r"\A[a-z][a-z0-9_]*\Z",
    _("Write small letters, digits and underscores, beginning with a letter."),
)
WORDS = {
    "id": NotPersonal("number of the word"),
    "code": NotPersonal("vocabulary"),
    "name": NotPersonal("vocabulary"),
    "is_offered": NotPersonal("whether it can still be chosen"),
}


class Word(models.Model):
    """One word of a vocabulary. What is no longer offered stays readable where it stands."""

    code = models.CharField(
        _("code"),
        max_length=40,
        unique=True,
        validators=[_code],
        help_text=_("For imports and other systems. It is not changed later."),
    )
    name = models.CharField(_("name"), max_length=80)
    is_offered = models.BooleanField(_("offered"), default=True)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return gettext(self.name)


class Duty(Word):
    """What somebody takes care of at a company."""

    data_map: ClassVar = ModelMap(category=Category.COMPANY, fields=WORDS)

    class Meta(Word.Meta):
        verbose_name = _("duty")
        verbose_name_plural = _("duties")
        constraints = [models.UniqueConstraint(Lower("name"), name="duty_name")]


class Service(Word):
    """Something that customers have an agreement about."""

    data_map: ClassVar = ModelMap(category=Category.COMPANY, fields=WORDS)

    class Meta(Word.Meta):
        verbose_name = _("service")
        verbose_name_plural = _("services")
        constraints = [models.UniqueConstraint(Lower("name"), name="service_name")]


class Topic(Word):
    """Something that people are interested in."""

    data_map: ClassVar = ModelMap(category=Category.CLASSIFICATION, fields=WORDS)

    class Meta(Word.Meta):
        verbose_name = _("topic of interest")
        verbose_name_plural = _("topics of interest")
        constraints = [models.UniqueConstraint(Lower("name"), name="topic_name")]


# The words every installation starts with, shown in the reader's language.
STANDARD_WORDS = (
    gettext_noop("Decision maker"),
    gettext_noop("Management"),
    gettext_noop("Purchasing"),
    gettext_noop("Invoicing"),
    gettext_noop("Technical contact"),
    gettext_noop("Main user"),
    gettext_noop("Data protection"),
    gettext_noop("Occupational safety"),
    gettext_noop("Human resources"),
    gettext_noop("Marketing"),
    gettext_noop("Sales"),
    gettext_noop("Security"),
    gettext_noop("News and releases"),
    gettext_noop("Training"),
    gettext_noop("Events"),
    gettext_noop("Offers"),
    gettext_noop("Changes of the law"),
    gettext_noop("Online service"),
    gettext_noop("Support"),
)
