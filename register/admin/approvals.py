"""The inbox of decisions that need a second person."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _

from register import access, actors, dashboard
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import Approval
from register.services import approvals
from register.staff_site import ReadOnlyAdmin


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Shows what waits; the decision page shows what is decided, and decides."""

    list_display = ("title", "about", "asked_by", "requested_at", "state", "open_link")
    list_display_links = None
    # By nothing else than what an index gives in order.
    sortable_by = ()
    list_filter = ("state",)
    list_select_related = ("requested_by", "decided_by")
    ordering = ("-state", "-requested_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Show only what the user may look at: a link must not end in a refusal."""
        seen = [
            code
            for code, kind in approvals.KINDS.items()
            if access.may(request.user, Action.VIEW, kind.category)
        ]
        return super().get_queryset(request).filter(kind__in=seen)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Say of a whole page at once what each decision is about."""
        page = super().get_changelist_instance(request)
        told = approvals.tell(page.result_list, request.user)
        for approval in page.result_list:
            approval.told = told[approval.pk]
            approval.is_own = approval.requested_by_id == request.user.pk
        return page

    def get_urls(self) -> list[Any]:
        """Add the decision page."""
        decide = self.admin_site.admin_view(self.decide_view)
        return [
            path("<uuid:object_id>/decide/", decide, name="register_approval_decide"),
            *super().get_urls(),
        ]

    def decide_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Show one decision; POST takes it."""
        approval = get_object_or_404(
            Approval.objects.select_related("requested_by", "decided_by"), pk=object_id
        )
        kind = approvals.KINDS[approval.kind]
        if not access.may(request.user, Action.VIEW, kind.category):
            raise PermissionDenied
        if request.method == "POST":
            return self._decide(request, approval)
        may_decide = access.may(request.user, Action.APPROVE, kind.category)
        return TemplateResponse(
            request,
            "register/approval_decide.html",
            {
                **self.admin_site.each_context(request),
                "title": kind.title,
                "approval": approval,
                "about": approvals.tell([approval], request.user)[approval.pk],
                "details_url": kind.url(approval.object_id),
                "is_own": approval.requested_by_id == request.user.pk,
                "may_decide": may_decide,
                "opts": self.opts,
            },
        )

    def _decide(self, request: HttpRequest, approval: Approval) -> HttpResponse:
        approve = request.POST.get("decision") == "approve"
        try:
            approvals.decide(
                approval, approve=approve, actor=actors.of_request(request)
            )
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("admin:register_approval_decide", approval.pk)
        messages.success(request, _("Approved.") if approve else _("Rejected."))
        return redirect("admin:register_approval_changelist")

    @admin.display(description=_("what"))
    def title(self, obj: Approval) -> Any:
        """What is decided, in words."""
        kind = approvals.KINDS.get(obj.kind)
        return kind.title if kind else obj.kind

    @admin.display(description=_("what it is about"), empty_value="–")
    def about(self, obj: Any) -> Any:
        """Which role, account, person or file it is."""
        return obj.told or None

    @admin.display(description=_("asked by"))
    def asked_by(self, obj: Approval) -> str:
        """Who asked."""
        if obj.requested_by is None:
            return gettext("the register itself")
        return obj.requested_by.get_full_name()

    @admin.display(description="")
    def open_link(self, obj: Any) -> Any:
        """The way to the decision; of what one asked oneself somebody else decides."""
        waits = obj.state == Approval.State.WAITING and not obj.is_own
        label = _("Decide") if waits else _("Look")
        url = reverse("admin:register_approval_decide", args=[obj.pk])
        return format_html('<a class="sel-link" href="{}">{}</a>', url, label)


def _waiting(user: Any) -> dashboard.Figure | None:
    """Count what nobody else may decide sooner: whoever asked waits for it."""
    count = approvals.waiting_for(user).count()
    if not count:
        return None
    return dashboard.Figure(
        _("Approvals"),
        count,
        _("waiting for your decision"),
        reverse("admin:register_approval_changelist"),
        "warn",
    )


dashboard.register(
    "approvals",
    title=_("Approvals"),
    category=Category.JOBS,
    order=3,
    load_for=_waiting,
    may_see=lambda user: any(
        access.may(user, Action.APPROVE, kind.category)
        for kind in approvals.KINDS.values()
    ),
)
