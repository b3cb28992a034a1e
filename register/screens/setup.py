"""The page that says what the installation still lacks."""

from __future__ import annotations

import dataclasses

from django.apps import apps
from django.contrib import admin
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _, ngettext
from redis.exceptions import RedisError

from register import access, dashboard, setup_checks
from register.dashboard import Figure
from register.datamap.vocabulary import Action, Category
from register.setup_checks import Group, Result, State

# The overview asks this often at most; the page always asks.
REMEMBERED_SECONDS = 60
_KEY = "set-up-missing"


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """A result with the address of where to mend it, if this reader may go there."""

    result: Result
    url: str


def urls() -> list[URLPattern]:
    """The address of the page, for the screens of the controller."""
    return [path("setup/", admin.site.admin_view(page), name="register_setup")]


def may_see(user: object) -> bool:
    """Administrators and data protection officers: those who can mend something."""
    return access.may(user, Action.CHANGE, Category.STAFF) or access.may(
        user, Action.CHANGE, Category.DATA_MAP
    )


def is_for(request: HttpRequest) -> bool:
    """Whether the page stands in the sidebar."""
    return may_see(request.user)


def page(request: HttpRequest) -> HttpResponse:
    """Ask every check now and show what it saw."""
    if not may_see(request.user):
        raise PermissionDenied
    results = setup_checks.run_all(in_web=True)
    _remember(_count(results))
    lines = [_Line(result, _url(result, request.user)) for result in results]
    return TemplateResponse(
        request,
        "register/setup_show.html",
        {
            **admin.site.each_context(request),
            "title": _("Set-up"),
            "groups": [
                (
                    group.label,
                    [line for line in lines if line.result.check.group == group],
                )
                for group in Group
            ],
            "totals": [
                (state, state.label, _number(results, state))
                for state in (State.MISSING, State.UNKNOWN, State.WARNING, State.OK)
            ],
        },
    )


def figure() -> Figure | None:
    """Return what the overview shows: only that something is missing."""
    try:
        count = cache.get(_KEY)
    except (RedisError, OSError):
        count = None
    if count is None:
        count = _count(setup_checks.run_all(in_web=True))
        _remember(count)
    if not count:
        return None
    return Figure(
        _("Set-up"),
        count,
        ngettext(
            "thing is missing before the register can be relied on",
            "things are missing before the register can be relied on",
            count,
        ),
        reverse("admin:register_setup"),
        "bad",
    )


dashboard.register(
    "setup", category=Category.STAFF, order=1, load=figure, may_see=may_see
)


def _count(results: list[Result]) -> int:
    return _number(results, State.MISSING) + _number(results, State.UNKNOWN)


def _number(results: list[Result], state: State) -> int:
    return sum(result.outcome.state == state for result in results)


def _remember(count: int) -> None:
    try:
        cache.set(_KEY, count, REMEMBERED_SECONDS)
    except (RedisError, OSError):
        return  # it is asked again; that Redis is away is among what is counted


def _url(result: Result, user: object) -> str:
    """Return where it is mended, for those who may open that page."""
    page = result.outcome.page
    if not page:
        return ""
    app_label, model_name = page.removeprefix("admin:").split("_")[:2]
    model = apps.get_model(app_label, model_name)
    return reverse(page) if access.may_model(user, Action.VIEW, model) else ""
