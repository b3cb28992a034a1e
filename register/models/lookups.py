"""Unusual look-ups: the rules by which they are found, and what is counted for them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Category,
    Ends,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
)
from register.models.api_keys import ApiKey
from register.models.staff import Role
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED


class LookupRule(models.Model):
    """From when a rule is watched, and with which limits.

    A change is a new row with its first day: an alert is judged by the limits of its day.
    """

    class Code(models.TextChoices):
        MANY_IN_DAY = "many_in_day", _("many people in a day")
        MANY_IN_HOUR = "many_in_hour", _("many people in an hour")
        LONG_LISTS = "long_lists", _("long lists")
        OWN_RECORD = "own_record", _("one's own record")
        COLLEAGUES = "colleagues", _("colleagues")
        PROTECTED = "protected", _("protected people")
        PROTECTED_OFTEN = "protected_often", _("protected people, often")
        OUTSIDE_HOURS = "outside_hours", _("outside working hours")
        NO_CASE = "no_case", _("a person without a case")
        REFUSED = "refused", _("pages that were refused")
        MANY_ACCOUNTS = "many_accounts", _("a person whom many look at")
        API_KEY = "api_key", _("many people through an API key")

    code = models.CharField(_("rule"), max_length=20, choices=Code)
    valid_from = models.DateField(_("in force from"), default=timezone.localdate)
    is_on = models.BooleanField(_("watched"), default=True)
    floor = models.PositiveIntegerField(
        _("from how many"),
        help_text=_("Fewer never raise an alert."),
    )
    factor = models.DecimalField(
        _("times the usual"),
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        help_text=_("Empty: the usual does not count."),
    )
    note = models.CharField(
        _("why it was changed"),
        max_length=200,
        blank=True,
        help_text=_("All staff can read it. Do not write names."),
    )

    data_map: ClassVar = ModelMap(
        category=Category.LOOKUPS,
        fields={
            "id": NotPersonal("number of the row"),
            "code": NotPersonal("vocabulary"),
            "valid_from": NotPersonal("since when the rule is so"),
            "is_on": NotPersonal("whether the rule is in use"),
            "floor": NotPersonal("a limit"),
            "factor": NotPersonal("a limit"),
            "note": NotPersonal("why a rule is so, told to all staff"),
        },
    )

    class Meta:
        verbose_name = _("rule for look-ups")
        verbose_name_plural = _("rules for look-ups")
        ordering = ["code", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "valid_from"],
                name="lookuprule_one_a_day",
                violation_error_message=_("The rule was changed for this day already."),
            ),
            models.CheckConstraint(
                condition=models.Q(floor__gte=1)
                & (models.Q(factor=None) | models.Q(factor__gte=1)),
                name="lookuprule_limits_make_sense",
                violation_error_message=_("Limits are 1 or more."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_code_display()} ({self.valid_from})"


class WorkingHours(models.Model):
    """When a role usually works, by the clock in Finland. Without a role: all others."""

    role = models.OneToOneField(
        Role,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("role"),
        help_text=_("Empty: every role that has no hours of its own."),
    )
    begins = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    on_saturdays = models.BooleanField(_("on Saturdays too"), default=False)
    is_shift = models.BooleanField(
        _("work in shifts"),
        default=False,
        help_text=_("No hour is unusual for who works in shifts."),
    )

    data_map: ClassVar = ModelMap(
        category=Category.LOOKUPS,
        fields={
            "id": NotPersonal("number of the row"),
            "role": NotPersonal("which role"),
            "begins": NotPersonal("hours of a role"),
            "ends": NotPersonal("hours of a role"),
            "on_saturdays": NotPersonal("hours of a role"),
            "is_shift": NotPersonal("hours of a role"),
        },
    )

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = [models.F("role__name").asc(nulls_first=True)]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("begins")),
                name="workinghours_end_after_beginning",
                violation_error_message=_("The end comes after the beginning."),
            ),
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(role=None),
                name="workinghours_one_for_others",
                violation_error_message=_("The others have their hours already."),
            ),
        ]

    def __str__(self) -> str:
        return f"WorkingHours {self.pk}"


class LookupDay(Expiring):
    """How much one account or API key looked at on one local day: its usual, later on.

    Counted from the audit trail, which it abridges: nothing here is not told by it.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="+",
        db_index=False,
    )
    api_key = models.ForeignKey(
        ApiKey, models.CASCADE, null=True, related_name="+", db_index=False
    )
    day = models.DateField(_("day"))
    began_at = models.DateTimeField(_("first look"))
    # From which entry of the trail on the day is to be counted.
    first_entry = models.BigIntegerField()
    people = models.PositiveIntegerField(_("people"), default=0)
    looks = models.PositiveIntegerField(_("looks"), default=0)
    people_in_hour = models.PositiveIntegerField(_("people in an hour"), default=0)
    listed = models.PositiveIntegerField(_("rows in lists"), default=0)
    refused = models.PositiveIntegerField(_("refused pages"), default=0)

    data_map: ClassVar = ModelMap(
        category=Category.LOOKUPS,
        subjects=(Subject("member of staff", path="account", kind="staff"),),
        activity="accountability",
        source="counted from the audit trail",
        retention=Ends("look-ups by day", "P3M", "began_at"),
        fields={
            "id": NotPersonal("number of the row"),
            "account": Personal("whose look-ups", portability=OBSERVED),
            "api_key": NotPersonal("which other system"),
            "day": Personal("on which day", portability=OBSERVED),
            "began_at": Personal("when you first looked", portability=OBSERVED),
            "first_entry": NotPersonal("number of an entry of the trail"),
            "people": Personal("at how many people you looked", portability=OBSERVED),
            "looks": Personal("how often you looked", portability=OBSERVED),
            "people_in_hour": Personal(
                "at how many people you looked in an hour", portability=OBSERVED
            ),
            "listed": Personal("how many rows of lists you saw", portability=OBSERVED),
            "refused": Personal("how many pages were refused", portability=OBSERVED),
            "ends_at": Personal("when the row is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("look-ups of a day")
        verbose_name_plural = _("look-ups by day")
        constraints = [
            # Also how one account's month is read.
            models.UniqueConstraint(
                fields=["account", "day"],
                condition=models.Q(account__isnull=False),
                name="lookupday_of_account",
            ),
            models.UniqueConstraint(
                fields=["api_key", "day"],
                condition=models.Q(api_key__isnull=False),
                name="lookupday_of_api_key",
            ),
            models.CheckConstraint(
                condition=models.Q(account=None) ^ models.Q(api_key=None),
                name="lookupday_of_one",
            ),
        ]
        indexes = [
            # What all others did lately, and where in the trail a day begins.
            models.Index(fields=["day"], name="lookupday_day"),
            models.Index(fields=["account"], name="lookupday_account"),
            models.Index(fields=["api_key"], name="lookupday_api_key"),
        ]

    def __str__(self) -> str:
        return f"LookupDay {self.pk}"


class LookupPosition(models.Model):
    """How far the trail has been watched: up to which seal. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seal_id = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(_("time"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.LOOKUPS,
        fields={
            "id": NotPersonal("the only row"),
            "seal_id": NotPersonal("number of a seal"),
            "moved_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("position in the trail")
        verbose_name_plural = _("positions in the trail")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=1), name="lookupposition_one_row"
            )
        ]

    def __str__(self) -> str:
        return f"LookupPosition {self.seal_id}"
