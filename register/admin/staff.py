"""Staff accounts and roles."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from register import actors
from register.activities import ACTIVITIES
from register.models import Role, Team, TeamMembership, User
from register.screens import accounts, roles
from register.screens.standard_texts import StandardTexts
from register.services import staff
from register.services.api_keys import INTERFACE_PREFIX
from register.staff_site import RegisterAdmin

# Rights come from roles over data categories; Django's groups are not used.
admin.site.unregister(Group)
# Nor are the tables of the log-in shown as tables: they hold secrets.
admin.site.unregister((Authenticator, EmailAddress, UserSession))


class RolesField(forms.ModelMultipleChoiceField[Role]):
    """Roles as boxes to tick."""

    def __init__(self) -> None:
        super().__init__(
            # Those that are made for keys of the interface are for no person.
            queryset=Role.objects.exclude(
                code__startswith=INTERFACE_PREFIX, assignments=None
            ),
            required=False,
            label=capfirst(_("roles")),
            widget=forms.CheckboxSelectMultiple,
            help_text=_("Without a role an account sees nothing."),
        )


class StaffForm(forms.ModelForm[User]):
    """An account and its roles. Its holder alone sets the password, by a link."""

    roles_held = RolesField()

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.set_unusable_password()
        elif "roles_held" in self.fields:
            self.fields["roles_held"].initial = self.instance.roles.all()


@admin.register(User)
class UserAdmin(RegisterAdmin):
    """Personal accounts (N9.2): made here, made inactive here, never shared."""

    form = StaffForm
    actions_detail = ("to_access",)
    actions_list = ("to_review",)
    list_display = ("name", "email", "roles_in_words", "is_active", "last_login")
    list_display_links = ("name", "email")
    list_filter = ("is_active", "roles")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("last_name", "first_name")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "first_name", "last_name", "language")}),
        (_("Access"), {"fields": ("is_active", "roles_held")}),
        (_("Use"), {"fields": ("last_login", "created_at")}),
    )
    readonly_fields = ("is_active", "last_login", "created_at")

    def get_urls(self) -> list[Any]:
        """Add how somebody gets in, and the review of rights."""
        return [*accounts.urls(), *super().get_urls()]

    @action(description=_("Log-in and leaving"), url_path="to-access", icon="login")
    def to_access(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to sessions, second factors, lock and leaving."""
        return redirect("admin:register_user_access", pk=object_id)

    @action(description=_("Review of rights"), url_path="to-review", icon="fact_check")
    def to_review(self, request: HttpRequest) -> HttpResponse:
        """Lead to the review of rights."""
        return redirect("admin:register_user_review")

    def title_of(self, obj: User) -> str:
        """Return the name: a number says nothing to whoever reads the page."""
        return obj.get_full_name() or obj.email

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask at first for no more than who it is and what their work is."""
        if obj is None:
            return (self.fieldsets[0], (_("Access"), {"fields": ("roles_held",)}))
        return self.fieldsets

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the link by which the holder sets the password."""
        return accounts.show_new(request, obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fetch the roles with the accounts."""
        return super().get_queryset(request).prefetch_related("roles")

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Filter by use and by role."""
        return self.list_filter

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: an account that leaves is made inactive, the trail names it."""
        return False

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        """Save the roles through the service, which records each change."""
        super().save_related(request, form, formsets, change)
        if "roles_held" in form.cleaned_data:
            waiting = staff.set_roles(
                form.instance,
                list(form.cleaned_data["roles_held"]),
                actor=actors.of_request(request),
            )
            if waiting:
                messages.info(
                    request,
                    _("A role waits for a second person's approval."),
                )

    @admin.display(description=_("name"), ordering="last_name")
    def name(self, obj: User) -> str:
        """The holder's name."""
        return obj.get_full_name()

    @admin.display(description=_("roles"))
    def roles_in_words(self, obj: User) -> str:
        """The names of the roles."""
        return ", ".join(str(role) for role in obj.roles.all()) or "–"

    # Whoever may not change an account sees this in place of the form's field.
    roles_held = roles_in_words


class RoleForm(StandardTexts, forms.ModelForm[Role]):
    """Offers the purposes that the data map knows."""

    standard_texts = ("name",)

    default_purpose = forms.ChoiceField(
        label=_("Purpose of use"),
        help_text=Role._meta.get_field("default_purpose").help_text,
        choices=[(code, activity.purpose) for code, activity in ACTIVITIES.items()],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Role
        fields = ("name", "code", "default_purpose", "requires_second_factor")


@admin.register(Role)
class RoleAdmin(RegisterAdmin):
    """A role and its rights over the categories of data (N9.1)."""

    list_display = (
        "name_in_words",
        "rights_count",
        "holders_count",
        "requires_second_factor",
    )
    form = RoleForm
    readonly_fields = ("name_in_words", "purpose_in_words")
    actions_detail = ("open_rights",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show words for codes to whoever may not change them."""
        may_edit = (
            self.has_change_permission(request, obj)
            if obj
            else self.has_add_permission(request)
        )
        if may_edit:
            return ("name", "code", "default_purpose", "requires_second_factor")
        return ("name_in_words", "code", "purpose_in_words", "requires_second_factor")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fetch what the list counts."""
        return super().get_queryset(request).prefetch_related("rights", "users")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse while somebody holds the role; without holders a right to delete is enough."""
        return bool(super().has_delete_permission(request, obj)) and not (
            obj and obj.assignments.exists()
        )

    def get_urls(self) -> list[Any]:
        """Add the page of a role's rights, and that of a change that waits."""
        site = self.admin_site.admin_view
        return [
            path(
                "proposals/<uuid:object_id>/",
                site(roles.show_proposal),
                {"model_admin": self},
                name="register_role_proposal",
            ),
            path(
                "<path:object_id>/rights/",
                site(roles.show),
                {"model_admin": self},
                name="register_role_rights",
            ),
            *super().get_urls(),
        ]

    @action(description=_("Rights"), url_path="open-rights", icon="rule")
    def open_rights(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the page of the rights."""
        return redirect("admin:register_role_rights", object_id)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to the rights: without them a role is of no use."""
        return redirect("admin:register_role_rights", obj.pk)

    @admin.display(description=_("role"), ordering="name")
    def name_in_words(self, obj: Role) -> Any:
        """The name in the reader's language, where it is one of the standard roles."""
        return _(obj.name)

    @admin.display(description=_("purpose of use"))
    def purpose_in_words(self, obj: Role) -> Any:
        """The purpose in words."""
        activity = ACTIVITIES.get(obj.default_purpose)
        return activity.purpose if activity else obj.default_purpose

    @admin.display(description=_("rights"))
    def rights_count(self, obj: Role) -> Any:
        """How many rights the role has, and the way to them."""
        url = reverse("admin:register_role_rights", args=[obj.pk])
        return format_html(
            '<a class="sel-link" href="{}">{}</a>', url, len(obj.rights.all())
        )

    @admin.display(description=_("holders"))
    def holders_count(self, obj: Role) -> int:
        """How many accounts hold the role."""
        return len(obj.users.all())


class MembershipInline(TabularInline):
    """Who belongs to a team."""

    model = TeamMembership
    fields = ("user",)
    readonly_fields = ("member",)
    extra = 1
    hide_title = True
    verbose_name_plural = _("Members")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Name the members to whoever may not choose others."""
        may_change = self.has_change_permission(request, obj)
        return ("user",) if may_change else ("member",)

    @admin.display(description=_("member"))
    def member(self, obj: TeamMembership) -> str:
        """The name of a colleague."""
        return obj.user.get_full_name()

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer colleagues by their names."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "user":
            field.queryset = field.queryset.filter(is_active=True)
            field.label_from_instance = User.get_full_name
        return field


@admin.register(Team)
class TeamAdmin(RegisterAdmin):
    """People who look after the same customers."""

    list_display = ("name", "members_in_words")
    search_fields = ("name",)
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fetch the members with the teams."""
        rows = super().get_queryset(request)
        return rows.prefetch_related("memberships__user")

    @admin.display(description=_("members"))
    def members_in_words(self, obj: Team) -> str:
        """The names of the members."""
        names = [each.user.get_full_name() for each in obj.memberships.all()]
        return ", ".join(names) or "–"
