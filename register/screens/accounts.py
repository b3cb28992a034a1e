"""Accounts one by one and all together: what an administrator does with them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy as _lazy

from register import access, actors, audit, dashboard, handing_over
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.log_in import lockout
from register.log_in.devices import device_name
from register.log_in.single_sign_on import admission
from register.models import ApiKey, AuditEntry, RightsReview, Role, User
from register.models.reviews import REVIEW_EVERY
from register.outbound import mail
from register.screens import looks
from register.services import accounts, password_links, rights, sessions

MOST_ROLE_CHANGES = 50
# What cannot be taken back is asked about first, with what it leads to.
ASKED_FIRST = ("factors", "disable")


def urls() -> list[Any]:
    """Return the addresses of both screens."""
    wrap = admin.site.admin_view
    return [
        path("review/", wrap(review), name="register_user_review"),
        path("<uuid:pk>/access/", wrap(account), name="register_user_access"),
        path("<uuid:pk>/looks/", wrap(looks.of_account), name="register_user_looks"),
    ]


def account(request: HttpRequest, pk: Any) -> HttpResponse:
    """Show how somebody gets in, and do what an administrator may about it."""
    access.require(request.user, Action.VIEW, Category.STAFF)
    user = get_object_or_404(User, pk=pk)
    link = ""
    if request.method == "POST":
        what = request.POST.get("do", "")
        if not (what == "unlock" and _may_unlock(request)):
            access.require(request.user, Action.CHANGE, Category.STAFF)
        if what in ASKED_FIRST and "sure" not in request.POST:
            return _asking(request, user, what)
        try:
            link = _do(request, user, what)
        except DomainError as error:
            messages.error(request, str(error))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            if what.startswith("review:"):
                # On to whoever is due next.
                return redirect("admin:register_user_review")
        if not link:
            return redirect("admin:register_user_access", pk=user.pk)
    else:
        audit.record("record.viewed", actor=actors.of_request(request), obj=user)
    return _page(request, user, link)


def show_new(request: HttpRequest, user: User) -> HttpResponse:
    """Show an account that was just made, with the link for its holder."""
    actor = actors.of_request(request)
    link = password_links.make(user, base_url=_base_url(request), actor=actor)
    messages.success(request, _("The account is made. Give its holder the link."))
    return _page(request, user, link)


def _base_url(request: HttpRequest) -> str:
    return request.build_absolute_uri("/")


def _may_unlock(request: HttpRequest) -> bool:
    """Whoever decides about roles may unlock too: officers, not administrators alone."""
    return access.may(request.user, Action.CHANGE, Category.STAFF) or access.may(
        request.user, Action.APPROVE, Category.STAFF
    )


def _page(request: HttpRequest, user: User, link: str) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": user.get_full_name() or user.email,
        "account": user,
        "may_change": access.may(request.user, Action.CHANGE, Category.STAFF),
        "may_unlock": _may_unlock(request),
        "may_mail": mail.is_set_up(),
        "has_password": user.has_usable_password(),
        "is_own": request.user.pk == user.pk,
        "link": link,
        "link_until": timezone.now()
        + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
        "is_locked": lockout.is_locked(request, user),
        "sessions": _sessions(user),
        "assignments": user.assignments.select_related("role", "granted_by"),
        "teams": [each.team.name for each in user.memberships.select_related("team")],
        "factor_count": Authenticator.objects.filter(user_id=user.pk)
        .exclude(type=Authenticator.Type.RECOVERY_CODES)
        .count(),
        "identity": user.identities.first(),
        "needs_factor": access.needs_second_factor(user),
        "key_count": ApiKey.objects.filter(created_by=user, revoked_at=None).count(),
        "work": handing_over.open_work(user),
        "outcomes": RightsReview.Outcome.choices,
        "last_review": user.reviews.select_related("reviewed_by").first(),
        "may_see_looks": access.may(request.user, Action.VIEW, Category.AUDIT),
        "role_changes": _role_changes(user),
        "waiting_roles": rights.waiting_for(user),
    }
    response = TemplateResponse(request, "register/account_access.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _asking(request: HttpRequest, user: User, what: str) -> HttpResponse:
    """Ask whether something is really to be done, and say what would follow."""
    context = {
        **admin.site.each_context(request),
        "title": user.get_full_name() or user.email,
        "account": user,
        "what": what,
        "session_count": len(_sessions(user)),
        "needs_factor": access.needs_second_factor(user),
        "keys": ApiKey.objects.filter(created_by=user, revoked_at=None),
        "work": handing_over.open_work(user),
    }
    return TemplateResponse(request, "register/account_sure.html", context)


def _sessions(user: User) -> list[UserSession]:
    """Return where the account is logged in, the last used first."""
    sessions.sweep_ended(user)
    found = list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))
    for session in found:
        session.device = device_name(session.user_agent)
    return found


def _role_changes(user: User) -> list[dict[str, Any]]:
    """Return which roles were given and taken, when and by whom, the newest first."""
    entries = list(
        AuditEntry.objects.filter(
            object_type="register.user",
            object_id=str(user.pk),
            action__in=("staff.role_granted", "staff.role_removed"),
        ).order_by("-id")[:MOST_ROLE_CHANGES]
    )
    roles = dict(Role.objects.values_list("code", "name"))
    by = {entry.actor_id for entry in entries if entry.actor_kind == "staff"}
    names = {str(each.pk): each for each in User.objects.filter(pk__in=by)}
    return [
        {
            "at": entry.at,
            "role": _(roles[code])
            if (code := entry.details.get("role")) in roles
            else code,
            "is_granted": entry.action == "staff.role_granted",
            "who": names[entry.actor_id].get_full_name()
            if entry.actor_id in names
            else entry.get_actor_kind_display(),
        }
        for entry in entries
    ]


def _do(request: HttpRequest, user: User, what: str) -> str:
    """Do one thing to an account; return a link where that was asked for."""
    actor = actors.of_request(request)
    if what == "link":
        return password_links.make(user, base_url=_base_url(request), actor=actor)
    if what == "mail":
        password_links.send(user, base_url=_base_url(request), actor=actor)
    elif what == "unlock":
        lockout.unlock(request, user, actor=actor)
    elif what == "sessions":
        sessions.end_all(user, actor=actor)
    elif what == "factors":
        accounts.remove_second_factors(user, actor=actor)
    elif what == "unlink":
        admission.unlink(user, actor=actor)
    elif what == "disable":
        accounts.disable(user, actor=actor)
    elif what == "enable":
        accounts.enable(user, actor=actor)
    elif what.startswith("review:"):
        accounts.review(user, what.partition(":")[2], actor=actor)
        name = user.get_full_name() or user.email
        messages.success(request, _("Reviewed: %(name)s.") % {"name": name})
        return ""
    else:
        return ""
    messages.success(request, _("Done."))
    return ""


def review(request: HttpRequest) -> HttpResponse:
    """List every account in use with its roles, its use and its last review."""
    access.require(request.user, Action.VIEW, Category.STAFF)
    now = timezone.now()
    rows: list[dict[str, Any]] = []
    keys = Counter(
        ApiKey.objects.filter(revoked_at=None).values_list("created_by", flat=True)
    )
    without_factor = set(
        accounts.without_required_factor().values_list("pk", flat=True)
    )
    for user in accounts.in_use().prefetch_related(
        "assignments__role",
        "assignments__granted_by",
        "reviews",
        "memberships__team",
    ):
        reviewed = max((each.reviewed_at for each in user.reviews.all()), default=None)
        due = (reviewed or user.created_at) + REVIEW_EVERY
        ends = accounts.ends_unused_at(user.used_at)
        rows.append(
            {
                "user": user,
                "assignments": user.assignments.all(),
                "teams": [each.team.name for each in user.memberships.all()],
                "key_count": keys[user.pk],
                "lacks_factor": user.pk in without_factor,
                "reviewed": reviewed,
                "due": due,
                "is_overdue": due < now,
                "ends": ends if ends - accounts.WARNED_BEFORE < now else None,
                "is_locked": lockout.is_locked(request, user),
            }
        )
    rows.sort(key=lambda row: row["due"])
    audit.record(
        "record.listed",
        actor=actors.of_request(request),
        object_type="register.user",
        count=len(rows),
    )
    context = {
        **admin.site.each_context(request),
        "title": _("Review of rights"),
        "rows": rows,
    }
    return TemplateResponse(request, "register/rights_review.html", context)


def _overdue_reviews() -> dashboard.Figure | None:
    """Count the accounts whose rights nobody looked at for a year."""
    count = accounts.review_overdue().count()
    if not count:
        return None
    return dashboard.Figure(
        _lazy("Rights to be reviewed"),
        count,
        _lazy("not looked at for a year"),
        reverse("admin:register_user_review"),
        "warn",
    )


dashboard.register(
    "rights_reviews",
    title=_lazy("Rights to be reviewed"),
    category=Category.STAFF,
    order=70,
    load=_overdue_reviews,
    may_see=lambda user: access.may(user, Action.CHANGE, Category.STAFF),
)
