"""The yearly review of rights: who looked at whose, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Category,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.models.staff import User

# Rights are looked at once a year (N9.1).
REVIEW_EVERY = timedelta(days=365)


class RightsReview(models.Model):
    """That somebody looked at the rights of an account, and what they decided."""

    class Outcome(models.TextChoices):
        KEPT = "kept", _("kept as they are")
        CHANGED = "changed", _("changed")
        ENDED = "ended", _("ended")

    user = models.ForeignKey(User, models.CASCADE, related_name="reviews")
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    reviewed_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", editable=False
    )
    reviewed_at = models.DateTimeField(_("reviewed"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the reviewer",
        retention=WithParent("user"),
        fields={
            "id": NotPersonal("number of the row"),
            "user": Personal(
                "whose rights were looked at", portability=Portability.OBSERVED
            ),
            "outcome": Personal("what was decided", portability=Portability.OBSERVED),
            "reviewed_by": NotPersonal("the colleague who decided, not the holder"),
            "reviewed_at": Personal("when", portability=Portability.OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("review of rights")
        verbose_name_plural = _("reviews of rights")
        ordering = ["-reviewed_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=["kept", "changed", "ended"]),
                name="rightsreview_known_outcome",
            )
        ]

    def __str__(self) -> str:
        return f"RightsReview {self.pk}"
