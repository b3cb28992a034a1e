"""The list and form of contacts; reading one happens on its page."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from contacts import clear_words, selectors
from contacts.admin import assignment, inlines
from contacts.admin.lists import (
    ContactChangeList,
    ContactPaginator,
    most_wanted,
)
from contacts.admin.merging import MergingAdmin
from contacts.forms import ContactForm
from contacts.forms_alike import people_alike
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    Export,
    PostalAddress,
    Situation,
)
from contacts.models.people import Source
from contacts.screens import (
    alike,
    changes,
    contact_page,
    exports,
    merging,
    protection,
    purpose,
    quality,
    readers,
    reveal,
)
from contacts.screens.found import present_companies
from contacts.services import search_words
from contacts.services.exports import contents
from register import access, actors
from register.database.locks import Lock, advisory_locks
from register.database.visibility import with_whereabouts
from register.datamap.vocabulary import Action, Category
from register.models import NoticeRevision
from register.screens.filters import DayRangeFilter
from register.services import protections
from register.staff_site.days import day_of

PARTS = (
    inlines.ContactPointInline,
    inlines.AffiliationInline,
    inlines.PostalAddressInline,
    inlines.InterestInline,
    inlines.InferredInterestInline,
    inlines.ProfileInline,
)


@admin.register(Contact)
class ContactAdmin(MergingAdmin):
    """People. They are never deleted here: erasure goes through requests."""

    form = ContactForm
    paginator = ContactPaginator
    list_display = (
        "name",
        "email",
        "phone",
        "company",
        "relationship",
        "source",
        "created",
    )
    offered_columns = (
        "preferred_name",
        "job_title",
        "town",
        "language",
        "responsible_name",
        "team_name",
        "source_detail",
        "informed",
        "changed",
    )
    list_display_links = ("name",)
    # By what an index gives in order; the others have filters.
    sortable_by = ("name", "created")
    # What was searched must not travel in the links to people.
    preserve_filters = False
    list_filter = (
        "relationship",
        "source",
        ("created_at", DayRangeFilter),
    )
    ordering = ("-created_at", "id")
    # Searching goes through the search words; this only makes the box appear.
    search_fields = ("words__word",)
    search_help_text = _("Name, e-mail, telephone, company or business id")
    list_before_template = "contacts/list_tools.html"
    change_form_before_template = "contacts/contact_form_protected.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("first_name", "last_name"),
                    ("preferred_name", "language"),
                    "relationship",
                    ("source", "source_detail"),
                    assignment.LINE,
                )
            },
        ),
    )
    inlines = PARTS

    # --- rights ---

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a person is erased by a request or at the end of a period."""
        return False

    def lookup_allowed(
        self, lookup: str, value: Any, request: HttpRequest | None = None
    ) -> bool:
        """Allow the link from a company to all its people."""
        if lookup == "affiliations__company__id__exact":
            user = getattr(request, "user", None)
            return access.may(user, Action.VIEW, Category.COMPANY)
        return super().lookup_allowed(lookup, value, request)

    # --- list ---

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Offer what may be done with all who are listed."""
        context = {
            "may_export": contents.may_export(request.user, Export.Content.PEOPLE),
            "export_url": reverse("admin:contacts_contact_export"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def has_masks(self, request: HttpRequest) -> bool:
        """Whether of people, their addresses or companies something is not seen."""
        return clear_words.has_masks(request.user)

    def row_as_seen(self, request: HttpRequest, row: Any) -> Any:
        """Mask what the made columns show, too."""
        return clear_words.as_seen(request.user, row)

    def level_of_column(self, request: HttpRequest, column: str) -> access.Level:
        """Ask for what the made columns are made of."""
        user = request.user
        if column in ("email", "phone"):
            return access.level(user, ContactPoint, "value", kind=column)
        if column == "company":
            return access.level(user, Company, "name")
        if column == "job_title":
            return access.level(user, Affiliation, "job_title")
        if column == "town":
            return access.level(user, PostalAddress, "town")
        made = {"created": "created_at", "informed": "informed_at"}
        column = made.get(column, column)
        return super().level_of_column(request, column)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Return the list whose names lead to pages."""
        return ContactChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        """Search by the beginnings of words."""
        if search_term.strip():
            most = most_wanted(self, request.GET)
            found = clear_words.people(
                queryset, search_term, reader=request.user, most=most
            )
            if ORDER_VAR in request.GET:
                found = selectors.sorted_by(found, queryset.query.order_by)
            queryset = found
        return queryset, False

    def autocomplete_text(self, obj: Contact) -> str:
        """Tell namesakes apart by address and company."""
        found: Any = obj
        parts = [obj.full_name, found.main_email, present_companies(obj)]
        return ", ".join(part for part in parts if part) or str(obj)

    def title_of(self, obj: Contact) -> str:
        """Say whose form it is."""
        return obj.full_name or str(_("no name"))

    @admin.display(description=_("name"), ordering="last_name")
    def name(self, obj: Contact) -> str:
        """Show the name, which leads to the page of the contact."""
        return obj.full_name or str(_("no name"))

    @admin.display(description=_("e-mail"), empty_value="–")
    def email(self, obj: Any) -> str | None:
        """Show the primary e-mail address."""
        return obj.main_email or None

    @admin.display(description=_("telephone"), empty_value="–")
    def phone(self, obj: Any) -> str | None:
        """Show the primary telephone number."""
        return obj.main_phone or None

    @admin.display(description=_("company"), empty_value="–")
    def company(self, obj: Contact) -> str | None:
        """Show where the person has a role now."""
        return present_companies(obj) or None

    @admin.display(description=_("job title"), empty_value="–")
    def job_title(self, obj: Any) -> str | None:
        """Show what the person does where there is a role now."""
        return ", ".join(filter(None, obj.job_titles)) or None

    @admin.display(description=_("town"), empty_value="–")
    def town(self, obj: Any) -> str | None:
        """Show the town of the address that is used first."""
        return obj.main_town or None

    @admin.display(description=_("told of the source"), empty_value="–")
    def informed(self, obj: Contact) -> str | None:
        """Show when the person was told where the data came from."""
        if obj.informed_at is None:
            return None
        return day_of(obj.informed_at)

    @admin.display(description=_("created"), ordering="created_at")
    def created(self, obj: Contact) -> str:
        """Show the date alone: Finnish dates with times overflow the list."""
        return day_of(obj.created_at)

    # --- form ---

    def get_readonly_fields(
        self, request: HttpRequest, obj: Contact | None = None
    ) -> tuple[str, ...]:
        """Keep the source: it proves where a record came from (N3.4)."""
        return ("source",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Contact, form: Any, change: Any
    ) -> None:
        """Save, a new contact with the notice that people are told of at this time."""
        if not change:
            obj.notice = NoticeRevision.in_force()
        super().save_model(request, obj, form, change)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose that staff entered it."""
        return {"source": Source.STAFF}

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Contact, inline: Any, prefix: str
    ) -> dict[str, Any]:
        """Begin a new contact with a row for an e-mail address and one for a number."""
        kwargs: dict[str, Any] = super().get_formset_kwargs(
            request, obj, inline, prefix
        )
        if obj._state.adding and inline.model is ContactPoint:
            kwargs["initial"] = [{"kind": kind} for kind in ContactPoint.Kind]
        return kwargs

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Contact | None:
        """Read the contact, locked while it is being changed."""
        obj: Contact | None = super().get_object(request, object_id, from_field)
        if obj is None or not connection.in_atomic_block or request.method != "POST":
            return obj
        advisory_locks(Lock.CONTACT_POINT, ())  # before the person, as imports do
        locked = Contact.objects.select_for_update(no_key=True)
        return locked.filter(pk=obj.pk).first()

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        """Save the parts, then renew the words by which the contact is found."""
        super().save_related(request, form, formsets, change)
        # What the person named is no conclusion any more.
        named = form.instance.interests.values("topic")
        form.instance.inferred_interests.filter(topic__in=named).delete()
        # A new role of a protected person hides a sole trader's company from others.
        if protections.protected_among([form.instance.pk]):
            search_words.refresh_with_colleagues([form.instance.pk])
        else:
            search_words.refresh([form.instance.pk])

    def response_post_save_add(
        self, request: HttpRequest, obj: Contact
    ) -> HttpResponse:
        """Go to the page of the contact."""
        return HttpResponseRedirect(
            reverse("admin:contacts_contact_page", args=[obj.pk])
        )

    response_post_save_change = response_post_save_add

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show a protected person's whereabouts in the form to readers of them alone.

        For all others the form has no inputs for them, so that none can be overwritten.
        """
        extra_context = self._alike(request, object_id) | (extra_context or {})
        protected = protection.protected_key(object_id)
        if protected is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        extra_context["protected_contact"] = protected
        if not protections.is_reader(request.user):
            return super().changeform_view(request, object_id, form_url, extra_context)
        extra_context["is_whereabouts_reader"] = True
        actor = actors.of_request(request)
        protections.reveal([protected], purpose=actor.purpose, actor=actor)
        with with_whereabouts(protected):
            return protection.rendered(
                super().changeform_view(request, object_id, form_url, extra_context)
            )

    def _alike(self, request: HttpRequest, object_id: str | None) -> dict[str, Any]:
        """Return what the warning about duplicates needs; filled where a form comes back."""
        context = {
            "alike_url": reverse("admin:contacts_contact_alike"),
            "alike_besides": object_id or "",
        }
        may_see = access.may(request.user, Action.VIEW, Category.IDENTITY)
        if request.method == "POST" and object_id is None and may_see:
            found = people_alike(request.POST, Situation.TYPING)
            context |= alike.context_of(request, people=found)
        return context

    # --- other addresses ---

    def get_urls(self) -> list[URLPattern]:
        """Add the page of a contact and the choice of a purpose."""
        view = self.admin_site.admin_view
        return [
            *quality.urls(),
            path("alike/", view(alike.people), name="contacts_contact_alike"),
            path(
                "purpose/",
                view(purpose.choose),
                name="contacts_purpose_choose",
            ),
            path(
                "export/",
                view(partial(exports.order, model_admin=self)),
                name="contacts_contact_export",
            ),
            path(
                "<uuid:object_id>/protection/",
                view(protection.protect),
                {"model_admin": self},
                name="contacts_contact_protection",
            ),
            path(
                "<uuid:object_id>/whereabouts/",
                view(protection.whereabouts),
                {"model_admin": self},
                name="contacts_contact_whereabouts",
            ),
            path(
                "<uuid:object_id>/points/<int:point_id>/deliverable/",
                view(contact_page.mark_deliverable),
                name="contacts_contact_deliverable",
            ),
            path(
                "<uuid:object_id>/points/<int:point_id>/reveal/",
                view(reveal.point),
                {"model_admin": self},
                name="contacts_contact_reveal",
            ),
            path(
                "<uuid:object_id>/readers/",
                view(readers.show),
                {"model_admin": self},
                name="contacts_contact_readers",
            ),
            path(
                "<uuid:object_id>/profiling/object/",
                view(contact_page.object_to_profiling),
                name="contacts_contact_object_to_profiling",
            ),
            path(
                "<uuid:object_id>/looks/",
                view(readers.looks),
                {"model_admin": self},
                name="contacts_contact_looks",
            ),
            *merging.urls(view, Contact),
            *changes.urls(view, self),
            path(
                "<str:object_id>/page/",
                view(contact_page.show),
                {"model_admin": self},
                name="contacts_contact_page",
            ),
            *super().get_urls(),
        ]
