"""Whose people somebody sees, which fields of theirs, and what is lent for an hour."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Action,
    Category,
    Ends,
    Level,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Scope,
    Subject,
    WithParent,
)
from register.models.staff import Role
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED


class Team(models.Model):
    """People who look after the same customers."""

    name = models.CharField(_("name"), max_length=80, unique=True)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        fields={
            "id": NotPersonal("number of a team"),
            "name": NotPersonal("what a team is called"),
        },
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    """That somebody belongs to a team. A person may be in several."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships"
    )

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the employer",
        retention=WithParent("user"),
        fields={
            "id": NotPersonal("number of the row"),
            "team": Personal("which team", portability=OBSERVED),
            "user": Personal("who belongs to it", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("member of a team")
        verbose_name_plural = _("members of a team")
        constraints = [
            models.UniqueConstraint(
                fields=["team", "user"],
                name="teammembership_once",
                violation_error_message=_("The person is in this team already."),
            )
        ]

    def __str__(self) -> str:
        return f"TeamMembership {self.pk}"


class FieldRule(models.Model):
    """What a role sees of one field, where that is not all of it.

    ``field`` is written as :class:`register.access.fields.Field` writes it:
    ``contacts.contactpoint.value:phone``.
    """

    role = models.ForeignKey(Role, models.CASCADE, related_name="field_rules")
    field = models.CharField(_("field"), max_length=120)
    level = models.CharField(_("what is seen"), max_length=10, choices=Level)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        fields={
            "id": NotPersonal("number of a rule"),
            "role": NotPersonal("which role"),
            "field": NotPersonal("name of a field"),
            "level": NotPersonal("vocabulary"),
        },
    )

    class Meta:
        verbose_name = _("rule for a field")
        verbose_name_plural = _("rules for fields")
        ordering = ["field"]
        constraints = [
            models.UniqueConstraint(fields=["role", "field"], name="fieldrule_once"),
            models.CheckConstraint(
                condition=models.Q(level__in=Level.values), name="fieldrule_known_level"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.field} {self.level}"


class ElevationRight(models.Model):
    """What the holders of a role may take for a while, with a reason."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="elevations")
    category = models.CharField(_("category"), max_length=20, choices=Category)
    action = models.CharField(_("action"), max_length=10, choices=Action)
    scope = models.CharField(_("whose"), max_length=4, choices=Scope, default=Scope.ALL)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        fields={
            "id": NotPersonal("number of the row"),
            "role": NotPersonal("which role"),
            "category": NotPersonal("vocabulary"),
            "action": NotPersonal("vocabulary"),
            "scope": NotPersonal("vocabulary"),
        },
    )

    class Meta:
        verbose_name = _("right that may be taken for a while")
        verbose_name_plural = _("rights that may be taken for a while")
        ordering = ["category", "action"]
        constraints = [
            models.UniqueConstraint(
                fields=["role", "category", "action"], name="elevationright_once"
            ),
            models.CheckConstraint(
                condition=models.Q(category__in=Category.values)
                & models.Q(action__in=Action.values)
                & models.Q(scope__in=Scope.values),
                name="elevationright_known_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.action} {self.category} {self.scope}"


class Elevation(Expiring):
    """A right somebody has taken for a while, and why. It ends by itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="elevations",
        verbose_name=_("who"),
    )
    # By which role it could be taken: the rules of that role for fields go on.
    role = models.ForeignKey(Role, models.CASCADE, related_name="+")
    category = models.CharField(_("category"), max_length=20, choices=Category)
    action = models.CharField(_("action"), max_length=10, choices=Action)
    scope = models.CharField(_("whose"), max_length=4, choices=Scope)
    reason = models.CharField(_("reason"), max_length=300)
    started_at = models.DateTimeField(_("from"), default=timezone.now)
    until = models.DateTimeField(_("until"))
    ended_at = models.DateTimeField(_("ended by hand"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the member of staff",
        retention=Ends("elevations", "P24M", "until"),
        fields={
            "id": NotPersonal("number of the row"),
            "user": Personal("who took the right", portability=OBSERVED),
            "role": NotPersonal("the role that allows it"),
            "category": Personal("to which data", portability=OBSERVED),
            "action": Personal("to do what", portability=OBSERVED),
            "scope": Personal("of whose people", portability=OBSERVED),
            "reason": Personal("why", mentions_others=True),
            "started_at": Personal("from when", portability=OBSERVED),
            "until": Personal("until when", portability=OBSERVED),
            "ended_at": Personal("when it was given back", portability=OBSERVED),
            "ends_at": Personal("when the row is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("right taken for a while")
        verbose_name_plural = _("rights taken for a while")
        ordering = ["-started_at", "id"]
        indexes = [
            # Every page asks what its reader has taken.
            models.Index(fields=["user", "until"], name="elevation_in_force"),
            models.Index(fields=["-started_at", "id"], name="elevation_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("started_at")),
                name="elevation_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"


class RoleProposal(Expiring):
    """A change of roles that waits for a second person.

    ``kind`` "rights" changes what ``role`` may do, "holders" gives ``role`` to
    ``user``. ``wanted`` holds the whole new state, so that approving does what was shown.
    """

    class Kind(models.TextChoices):
        RIGHTS = "rights", _("rights of a role")
        HOLDER = "holder", _("role of an account")
        API_KEY = "api_key", _("role of an API key")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    role = models.ForeignKey(Role, models.CASCADE, related_name="proposals")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
    )
    # Lines "category.action=scope" and "field=level", in order; or the number of a key.
    wanted = models.TextField(_("wanted"), blank=True)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the employer",
        retention=Ends("proposals of rights", "P6M", "created_at"),
        fields={
            "id": NotPersonal("number of the row"),
            "kind": NotPersonal("vocabulary"),
            "role": NotPersonal("which role"),
            "user": Personal("who would get the role", portability=OBSERVED),
            "wanted": NotPersonal("codes of rights"),
            "created_at": NotPersonal("technical time"),
            "ends_at": NotPersonal("when the row is deleted"),
        },
    )

    class Meta:
        verbose_name = _("proposed change of a role")
        verbose_name_plural = _("proposed changes of roles")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
