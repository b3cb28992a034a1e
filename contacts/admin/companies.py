"""The list and form of companies, with their people below the form."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import Count, F, Field, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from contacts import clear_words, panels, selectors
from contacts.admin import assignment
from contacts.admin.assignment import AssignedAdmin
from contacts.admin.lists import CompanyChangeList, IdsFirstPaginator, most_wanted
from contacts.admin.merging import MergingAdmin
from contacts.forms import CompanyForm
from contacts.forms_alike import companies_alike
from contacts.models import Affiliation, Company, Export, Situation
from contacts.models.people import Source
from contacts.screens import (
    alike,
    changes,
    company_page,
    exports,
    merging,
    protection,
    readers,
)
from contacts.services import search_words
from contacts.services.exports import contents
from register import access, actors, audit
from register.database.visibility import with_whereabouts
from register.datamap.vocabulary import Action, Category
from register.services import protections

# As many people of a company as one screen takes; a link leads to the rest.
PEOPLE_SHOWN = 50


@admin.register(Company)
class CompanyAdmin(MergingAdmin):
    """Companies. Like people they are not deleted here."""

    form = CompanyForm
    paginator = IdsFirstPaginator
    list_before_template = "contacts/list_tools.html"
    list_display = ("name", "business_id", "kind", "status", "town", "source")
    offered_columns = (
        "status_since",
        "street",
        "postcode",
        "responsible_name",
        "team_name",
        "changed",
    )
    # By what an index gives in order.
    sortable_by = ("name",)
    preserve_filters = False
    list_filter = ("kind", "status", "source")
    ordering = ("name", "id")
    search_fields = ("words__word",)
    search_help_text = _("Name or business id")
    change_form_before_template = "contacts/alike_watch.html"
    change_form_outer_after_template = "contacts/company_people.html"
    actions_detail = (*AssignedAdmin.actions_detail, "open_changes")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "kind"),
                    ("status", "status_since"),
                    ("business_id", "source"),
                    "street",
                    ("postcode", "town"),
                    assignment.LINE,
                )
            },
        ),
    )

    @action(description=_("Changes"), url_path="open-changes", icon="history")
    def open_changes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to what changed about the company."""
        return redirect("admin:contacts_company_changes", object_id)

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Offer what may be done with all that are listed."""
        may_export = contents.may_export(request.user, Export.Content.COMPANIES)
        context = {
            "may_export": may_export,
            "export_url": reverse("admin:contacts_company_export"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: roles of people would go with it unseen."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Return the list that knows its orders."""
        return CompanyChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Company], search_term: str
    ) -> tuple[QuerySet[Company], bool]:
        """Search by the beginnings of words."""
        if search_term.strip():
            most = most_wanted(self, request.GET)
            found = clear_words.companies(
                queryset, search_term, reader=request.user, most=most
            )
            if ORDER_VAR in request.GET:
                found = selectors.sorted_by(found, queryset.query.order_by)
            queryset = found
        return queryset, False

    def autocomplete_text(self, obj: Company) -> str:
        """Tell namesakes apart by business id and town."""
        return ", ".join(part for part in (obj.name, obj.business_id, obj.town) if part)

    def title_of(self, obj: Company) -> str:
        """Say whose form it is."""
        return obj.name or str(obj)

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Take the longer spellings of a business id, which the form makes short."""
        if db_field.name == "business_id":
            kwargs["max_length"] = 20
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose that staff entered it."""
        return {"source": Source.STAFF}

    def get_readonly_fields(
        self, request: HttpRequest, obj: Company | None = None
    ) -> tuple[str, ...]:
        """Keep the source: it proves where a record came from (N3.4)."""
        return ("source",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Company, form: Any, change: Any
    ) -> None:
        """Save, and renew the words by which the company and its people are found."""
        super().save_model(request, obj, form, change)
        if not change or {"name", "business_id"} & set(form.changed_data):
            search_words.refresh_of_companies([obj.pk])

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Open the company of a protected sole trader to readers of whereabouts alone.

        It does not exist for others: its address is the person's.
        """
        extra_context = self._alike(request, object_id) | (extra_context or {})
        people = protection.protected_people_of_company(object_id)
        if not people or not protections.is_reader(request.user):
            return super().changeform_view(request, object_id, form_url, extra_context)
        actor = actors.of_request(request)
        protections.reveal(people, purpose=actor.purpose, actor=actor)
        with with_whereabouts(*people):
            return protection.rendered(
                super().changeform_view(request, object_id, form_url, extra_context)
            )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the form, and below it the people for those who may see people."""
        extra_context = extra_context or {}
        if request.method == "GET":
            company = self.get_object(request, object_id)
            if company and self.has_view_or_change_permission(request, company):
                extra_context["sections"] = panels.sections_of(
                    company, user=request.user
                )
                if access.may(request.user, Action.VIEW, Category.IDENTITY):
                    extra_context |= self._people(request, company)
        response: HttpResponse = super().change_view(
            request, object_id, form_url, extra_context
        )
        return response

    def get_urls(self) -> list[URLPattern]:
        """Add the page of a company and what is done there."""
        view = self.admin_site.admin_view
        this = {"model_admin": self}
        return [
            # What the form asks while a company is typed.
            path("alike/", view(alike.companies), name="contacts_company_alike"),
            path(
                "export/",
                view(partial(exports.order, model_admin=self)),
                name="contacts_company_export",
            ),
            path(
                "<str:object_id>/page/",
                view(company_page.show),
                this,
                name="contacts_company_page",
            ),
            path(
                "<str:object_id>/register/fetch/",
                view(company_page.fetch),
                this,
                name="contacts_company_register_fetch",
            ),
            path(
                "<str:object_id>/register/decide/",
                view(company_page.decide),
                this,
                name="contacts_company_register_decide",
            ),
            path(
                "<uuid:object_id>/looks/",
                view(readers.looks_at_company),
                this,
                name="contacts_company_looks",
            ),
            *merging.urls(view, Company),
            *changes.urls(view, self),
            *super().get_urls(),
        ]

    def response_post_save_add(
        self, request: HttpRequest, obj: Company
    ) -> HttpResponseRedirect:
        """Go to the page of the company."""
        return HttpResponseRedirect(
            reverse("admin:contacts_company_page", args=[obj.pk])
        )

    response_post_save_change = response_post_save_add

    def response_add(
        self, request: HttpRequest, obj: Company, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Tell a field that asked for a new company its name."""
        response: HttpResponse = super().response_add(request, obj, post_url_continue)
        context = getattr(response, "context_data", None) or {}
        if "popup_response_data" in context:
            answer = json.loads(context["popup_response_data"])
            context["popup_response_data"] = json.dumps(answer | {"obj": obj.name})
        return response

    def _alike(self, request: HttpRequest, object_id: str | None) -> dict[str, Any]:
        """Return what the warning about duplicates needs; filled where a form comes back."""
        context = {
            "alike_url": reverse("admin:contacts_company_alike"),
            "alike_besides": object_id or "",
        }
        may_see = access.may(request.user, Action.VIEW, Category.COMPANY)
        if request.method == "POST" and object_id is None and may_see:
            found = companies_alike(request.POST, Situation.TYPING)
            context |= alike.context_of(request, companies=found)
        return context

    def _people(self, request: HttpRequest, company: Company) -> dict[str, Any]:
        roles = Affiliation.objects.filter(company=company)
        # Present roles first, then the latest to end.
        ordered = roles.select_related("contact").order_by(
            F("valid_to").desc(nulls_first=True), "contact__last_name", "pk"
        )
        shown = [
            (
                access.as_seen(request.user, role),
                access.as_seen(request.user, role.contact),
            )
            for role in ordered[:PEOPLE_SHOWN]
        ]
        audit.record(
            "record.listed",
            actor=actors.of_request(request),
            object_type="contacts.contact",
            count=len(shown),
        )
        count = roles.aggregate(count=Count("contact", distinct=True))["count"]
        return {"people": shown, "people_count": count, "people_shown": PEOPLE_SHOWN}
