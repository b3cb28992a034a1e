"""API keys: made here, shown once, revoked here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from register import access, actors
from register.datamap.vocabulary import Action, Category
from register.models import ApiKey
from register.services import api_keys
from register.staff_site import RegisterAdmin


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, scopes and end of a key."""

    scopes = forms.MultipleChoiceField(
        label=capfirst(_("scopes")),
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What the system may do. Give only what it needs."),
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(RegisterAdmin):
    """A key is never changed after it was made: revoke it and make another."""

    form = ApiKeyForm
    list_display = ("name", "prefix", "scopes_in_words", "state", "last_used_on")
    actions_detail = ("revoke",)

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
            expires_at=obj.expires_at,
            actor=actors.of_request(request),
        )
        obj.pk, obj._state.adding = key.pk, False
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

    @admin.display(description=_("scopes"))
    def scopes_in_words(self, obj: ApiKey) -> str:
        """The scopes as they stand in the interface's description."""
        return ", ".join(obj.scopes)

    @admin.display(description=_("state"))
    def state(self, obj: ApiKey) -> Any:
        """Whether the key works."""
        if obj.revoked_at:
            return _("revoked")
        return format_html("<strong>{}</strong>", _("in use"))
