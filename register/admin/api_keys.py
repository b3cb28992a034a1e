"""API keys: made here, shown once, revoked here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from register import access, actors
from register.datamap.vocabulary import Action, Category
from register.models import ApiKey, User
from register.services import api_keys
from register.staff_site import RegisterAdmin


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which system, what it may do, as which role, until when, and who answers for it."""

    scopes = forms.MultipleChoiceField(
        label=capfirst(_("scopes")),
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What the system may do. Give only what it needs."),
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "role", "owner", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("role", "owner", "expires_at"):
            if name in self.fields:
                self.fields[name].required = True
        if "owner" in self.fields:
            owner: Any = self.fields["owner"]
            owner.queryset = User.objects.filter(is_active=True).order_by(
                "last_name", "first_name"
            )
            owner.label_from_instance = User.get_full_name
        if "expires_at" in self.fields:
            self.fields["expires_at"].help_text = _("At most 12 months from now.")
        if "role" in self.fields:
            self.fields["role"].help_text = _(
                "The key sees whom and what this role sees, within its scopes. What is more"
                " than you may see yourself waits for a second person."
            )

    def clean_expires_at(self) -> Any:
        """Refuse an end that has passed or is more than a year away."""
        end = self.cleaned_data["expires_at"]
        if end <= timezone.now():
            raise forms.ValidationError(_("Choose an end in the future."))
        if end > timezone.now() + api_keys.LONGEST:
            raise forms.ValidationError(
                _("A key works for at most 12 months: choose an earlier end.")
            )
        return end


@admin.register(ApiKey)
class ApiKeyAdmin(RegisterAdmin):
    """A key is never changed after it was made: revoke it and make another."""

    form = ApiKeyForm
    list_display = (
        "name",
        "prefix",
        "scopes_in_words",
        "role",
        "owner_name",
        "state",
        "expires_at",
        "last_used_on",
    )
    list_select_related = ("role", "owner")
    readonly_fields = (
        "prefix",
        "scopes_in_words",
        "owner_name",
        "state",
        "last_used_on",
    )
    actions_detail = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for what a new key needs, and show of one that is there how it stands."""
        return list(self.list_display) if obj else ApiKeyForm.Meta.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse editing; revoking is an action of its own."""
        return obj is None and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: the audit trail names keys."""
        return False

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: Any, change: Any
    ) -> None:
        """Make the key and show its secret this one time."""
        key, secret = api_keys.create(
            name=obj.name,
            scopes=obj.scopes,
            role=obj.role,
            owner=obj.owner,
            expires_at=obj.expires_at,
            actor=actors.of_request(request),
        )
        obj.pk, obj._state.adding = key.pk, False
        obj.role = key.role
        # Shown with the page that answers this request and stored nowhere.
        request._new_secret = secret  # type: ignore[attr-defined]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The service has written the entry already."""

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None
    ) -> HttpResponse:
        """Answer with a page that shows the secret."""
        return TemplateResponse(
            request,
            "register/api_key_created.html",
            {
                **self.admin_site.each_context(request),
                "title": _("API key created"),
                "key": obj,
                "secret": request._new_secret,  # type: ignore[attr-defined]
                "opts": self.opts,
            },
        )

    @action(
        description=_("Revoke"),
        url_path="revoke",
        permissions=["revoke"],
        icon="key_off",
    )
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make the key useless at once."""
        key = get_object_or_404(ApiKey, pk=object_id)
        if request.method == "POST":
            api_keys.revoke(key, actor=actors.of_request(request))
            messages.success(request, _("The key no longer works."))
            return redirect("admin:register_apikey_changelist")
        return TemplateResponse(
            request,
            "register/api_key_revoke.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Revoke the key?"),
                "key": key,
                "opts": self.opts,
            },
        )

    def has_revoke_permission(
        self, request: HttpRequest, object_id: Any = None
    ) -> bool:
        """Whoever may change keys may revoke them."""
        return access.may(request.user, Action.CHANGE, Category.API_KEYS)

    @admin.display(description=_("owner"), empty_value="–")
    def owner_name(self, obj: ApiKey) -> str | None:
        """Who answers for the key."""
        return obj.owner.get_full_name() if obj.owner else None

    @admin.display(description=_("scopes"))
    def scopes_in_words(self, obj: ApiKey) -> str:
        """The scopes as they stand in the interface's description."""
        return ", ".join(obj.scopes)

    @admin.display(description=_("state"))
    def state(self, obj: ApiKey) -> Any:
        """Whether the key works."""
        if obj.revoked_at:
            return _("revoked")
        if obj.expires_at is not None and obj.expires_at <= timezone.now():
            return _("ended")
        if obj.role_id is None:
            return _("waits for its role")
        return format_html("<strong>{}</strong>", _("in use"))
