"""Staff accounts and roles."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from register import actors, audit
from register.activities import ACTIVITIES
from register.models import Role, RoleRight, User
from register.screens.standard_texts import StandardTexts
from register.services import staff
from register.staff_site import RegisterAdmin

# Rights come from roles over data categories; Django's groups are not used.
admin.site.unregister(Group)
# Nor are the tables of the log-in shown as tables: they hold secrets.
admin.site.unregister((Authenticator, EmailAddress, UserSession))


class RolesField(forms.ModelMultipleChoiceField[Role]):
    """Roles as boxes to tick."""

    def __init__(self) -> None:
        super().__init__(
            queryset=Role.objects.all(),
            required=False,
            label=capfirst(_("roles")),
            widget=forms.CheckboxSelectMultiple,
            help_text=_("Without a role an account sees nothing."),
        )


class StaffCreationForm(UserCreationForm):
    """A new personal account."""

    roles_held = RolesField()

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "language")


class StaffChangeForm(UserChangeForm):
    """An account and its roles."""

    roles_held = RolesField()

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "language", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["roles_held"].initial = self.instance.roles.all()


@admin.register(User)
class UserAdmin(DjangoUserAdmin, RegisterAdmin):  # type: ignore[type-arg, misc]
    """Personal accounts (N9.2): made here, made inactive here, never shared."""

    form = StaffChangeForm
    add_form = StaffCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("name", "email", "roles_in_words", "is_active", "last_login")
    list_display_links = ("name", "email")
    list_filter = ("is_active", "roles")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("last_name", "first_name")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "first_name", "last_name", "language")}),
        (_("Access"), {"fields": ("is_active", "roles_held", "password")}),
        (_("Use"), {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "first_name", "last_name", "language")}),
        (_("Access"), {"fields": ("roles_held", "password1", "password2")}),
    )
    readonly_fields = ("last_login", "created_at")

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
            staff.set_roles(
                form.instance,
                list(form.cleaned_data["roles_held"]),
                actor=actors.of_request(request),
            )

    def user_change_password(  # Django's signature
        self,
        request: HttpRequest,
        id: str,  # noqa: A002
        form_url: str = "",
    ) -> Any:
        """Change a password and record that it was changed."""
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            audit.record(
                "staff.password_changed",
                actor=actors.of_request(request),
                object_type="register.user",
                object_id=id,
            )
        return response

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


class RoleRightInline(TabularInline):
    """What the role may do, one right a line."""

    model = RoleRight
    fields = ("category", "action")
    extra = 0

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change a role may also take rights away from it."""
        return bool(self.has_change_permission(request, obj))

    hide_title = True


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
        fields = ("name", "code", "default_purpose")


@admin.register(Role)
class RoleAdmin(RegisterAdmin):
    """A role and its rights over the categories of data (N9.1)."""

    list_display = ("name_in_words", "rights_count", "holders_count")
    form = RoleForm
    readonly_fields = ("name_in_words", "purpose_in_words")
    inlines = (RoleRightInline,)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show words for codes to whoever may not change them."""
        may_edit = (
            self.has_change_permission(request, obj)
            if obj
            else self.has_add_permission(request)
        )
        if may_edit:
            return ("name", "code", "default_purpose")
        return ("name_in_words", "code", "purpose_in_words")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fetch what the list counts."""
        return super().get_queryset(request).prefetch_related("rights", "users")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse while somebody holds the role; without holders a right to delete is enough."""
        return bool(super().has_delete_permission(request, obj)) and not (
            obj and obj.assignments.exists()
        )

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: Any
    ) -> None:
        """Save the rights, and record which ones were given and taken."""
        before = staff.rights_of_role(form.instance)
        super().save_formset(request, form, formset, change)
        staff.record_rights(
            form.instance, before=before, actor=actors.of_request(request)
        )

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
    def rights_count(self, obj: Role) -> int:
        """How many rights the role has."""
        return len(obj.rights.all())

    @admin.display(description=_("holders"))
    def holders_count(self, obj: Role) -> int:
        """How many accounts hold the role."""
        return len(obj.users.all())
