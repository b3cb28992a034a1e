"""How members of staff look at lists: saved views, columns, and which view comes first."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
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
from register.models.access import Team
from register.models.staff import Role, User

PROVIDED, OBSERVED = Portability.PROVIDED, Portability.OBSERVED


class SavedView(models.Model):
    """Filters, order and columns of a list under a name, for oneself or shared.

    It holds questions and no answers: each reader of a shared view sees his own rows.
    What is searched is never kept, it is mostly somebody's name.
    """

    class Shared(models.TextChoices):
        NOBODY = "nobody", _("only me")
        TEAM = "team", _("a team")
        ROLE = "role", _("a role")
        EVERYBODY = "everybody", _("everybody")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    # The table of the list, as "contacts.contact".
    screen = models.CharField(_("list"), max_length=60)
    name = models.CharField(
        _("name"), max_length=60, help_text=_("Write no names of customers.")
    )
    shared = models.CharField(
        _("who sees it"), max_length=10, choices=Shared, default=Shared.NOBODY
    )
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="+"
    )
    role = models.ForeignKey(
        Role, models.CASCADE, null=True, blank=True, related_name="+"
    )
    # As the address of the list has them.
    filters = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("filters"),
        default=list,
        blank=True,
    )
    columns = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("columns"),
        default=list,
        blank=True,
    )
    # A column, with a minus for the other way round; nothing for the list's own order.
    order = models.CharField(_("order"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="owner", kind="staff"),),
        activity="access_control",
        source="the member of staff",
        retention=WithParent("owner"),
        fields={
            "id": NotPersonal("number of the view"),
            "owner": Personal("whose view", portability=OBSERVED),
            "screen": NotPersonal("name of a table"),
            "name": Personal(
                "what the view is called",
                access=Access.REVIEW,
                portability=PROVIDED,
                mentions_others=True,
            ),
            "shared": Personal("who else sees it", portability=PROVIDED),
            "team": NotPersonal("a team, no data of a person"),
            "role": NotPersonal("a role, no data of a person"),
            "filters": NotPersonal("choices of a list, no values of a person"),
            "columns": NotPersonal("names of columns"),
            "order": NotPersonal("name of a column"),
            "created_at": Personal("when it was made", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                "owner",
                "screen",
                Lower("name"),
                name="savedview_name",
                violation_error_message=_("You have a view of this name already."),
            ),
            models.CheckConstraint(
                condition=models.Q(shared="team", team__isnull=False, role=None)
                | models.Q(shared="role", role__isnull=False, team=None)
                | models.Q(shared__in=["nobody", "everybody"], role=None, team=None),
                name="savedview_shared_with_one",
                violation_error_message=_("Say which team or role sees the view."),
            ),
        ]
        # Those of a list are few: all are read, and who sees them is asked of each.
        indexes = [models.Index(fields=["screen", "shared"], name="savedview_shared")]

    def __str__(self) -> str:
        return f"SavedView {self.pk}"


class ListPreference(models.Model):
    """How somebody left a list: the columns, the order of the views, and the first view."""

    user = models.ForeignKey(User, models.CASCADE, related_name="list_preferences")
    screen = models.CharField(_("list"), max_length=60)
    columns = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("columns"),
        default=list,
        blank=True,
    )
    views = ArrayField(
        models.UUIDField(), verbose_name=_("views"), default=list, blank=True
    )
    first_view = models.ForeignKey(
        SavedView, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the member of staff",
        retention=WithParent("user"),
        fields={
            "id": NotPersonal("number of the row"),
            "user": Personal("whose choice", portability=OBSERVED),
            "screen": Personal("of which list", portability=PROVIDED),
            "columns": Personal("which columns you chose", portability=PROVIDED),
            "views": NotPersonal("order of views"),
            "first_view": Personal("the view you begin with", portability=PROVIDED),
        },
    )

    class Meta:
        verbose_name = _("choice for a list")
        verbose_name_plural = _("choices for lists")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "screen"], name="listpreference_once"
            )
        ]

    def __str__(self) -> str:
        return f"ListPreference {self.pk}"
