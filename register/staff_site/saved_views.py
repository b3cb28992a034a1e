"""Lists with saved views above them and columns to choose.

A view is applied by an address like any other: its filters stand there and are asked
with the rights of whoever opens it. A view that asks for something its reader may not
see is not applied at all, since part of a question would be another question.
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from register import access, actors
from register.errors import DomainError
from register.models import ListPreference, SavedView
from register.services import saved_views
from register.staff_site.searched_words import VIEW_VAR
from register.staff_site.tables import RegisterAdmin

# The tab of the whole list.
ALL = "all"
# What of an address no view keeps.
_NOT_KEPT = frozenset({SEARCH_VAR, ORDER_VAR, PAGE_VAR, VIEW_VAR, "e", "all"})


@dataclasses.dataclass(slots=True)
class Looking:
    """How a request looks at a list."""

    preference: ListPreference | None
    views: list[SavedView]
    view: SavedView | None

    @property
    def columns(self) -> list[str]:
        """The columns that were chosen; none if nobody chose any."""
        if self.view is not None and self.view.columns:
            return self.view.columns
        return self.preference.columns if self.preference else []


class SavedViewsAdmin(RegisterAdmin):
    """A list with views and columns.

    ``offered_columns`` may be chosen besides those of ``list_display``, whose first one
    is always there. Each is known to ``level_of_column``: what its reader does not see is
    neither offered nor shown.
    """

    offered_columns: tuple[str, ...] = ()
    list_before_template = "register/list_views.html"

    @property
    def screen(self) -> str:
        """What views of this list are kept under."""
        return str(self.model._meta.label_lower)

    def looking(self, request: HttpRequest) -> Looking:
        """Return how the request looks at the list, read once."""
        kept: Looking | None = request.__dict__.get("looking_at_list")
        if kept is None:
            user: Any = request.user
            preference, views = saved_views.look_of(user, self.screen)
            asked = request.GET.get(VIEW_VAR, "")
            view = next((v for v in views if str(v.pk) == asked), None)
            kept = Looking(preference, views, view)
            request.__dict__["looking_at_list"] = kept
        return kept

    # --- columns ---

    def columns_for(self, request: HttpRequest) -> list[str]:
        """Return the columns that a reader may choose, those of the list first."""
        names = [*self.list_display, *self.offered_columns]
        return [
            str(name)
            for name in dict.fromkeys(names)
            if self.level_of_column(request, str(name)) is not access.Level.HIDDEN
        ]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns chosen, as far as the reader sees them."""
        offered = self.columns_for(request)
        first = str(self.list_display[0])
        chosen = set(self.looking(request).columns) or set(self.list_display)
        return [name for name in offered if name == first or name in chosen]

    def _column_choices(self, request: HttpRequest) -> list[dict[str, Any]]:
        shown = self.get_list_display(request)
        return [
            {
                "code": name,
                "label": capfirst(str(self._heading(name))),
                "is_shown": name in shown,
                "is_always": name == self.list_display[0],
            }
            for name in self.columns_for(request)
        ]

    def _heading(self, name: str) -> Any:
        made = getattr(self, name, None)
        if made is not None:
            return getattr(made, "short_description", name)
        return getattr(self.opts.get_field(name), "verbose_name", name)

    # --- views ---

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Show the list as a view has it, and the tabs above it."""
        if request.method == "GET" and "_popup" not in request.GET:
            elsewhere = self._elsewhere(request)
            if elsewhere is not None:
                return elsewhere
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        listed = context.get("cl")
        if listed is not None:
            context |= self._context(request, listed)
        return response

    def _elsewhere(self, request: HttpRequest) -> HttpResponse | None:
        """Return the way to a view that was asked for by its number, or that comes first."""
        if not self.has_view_or_change_permission(request):
            return None
        looking = self.looking(request)
        view = looking.view
        if not request.GET and looking.preference is not None:
            first = looking.preference.first_view_id
            view = next((v for v in looking.views if v.pk == first), None)
            if view is not None and not self._is_usable(request, view):
                return None
        elif view is None:
            if request.GET.get(VIEW_VAR, ALL) == ALL:
                return None
            messages.warning(
                request, _("That view is gone, or is not shared with you any more.")
            )
            return HttpResponseRedirect(f"{request.path}?{VIEW_VAR}={ALL}")
        if view is None:
            return None
        if not self._is_usable(request, view):
            messages.warning(
                request,
                _(
                    "The view “%(name)s” asks for something that you may not see, so it cannot be used."
                )
                % {"name": view.name},
            )
            return HttpResponseRedirect(f"{request.path}?{VIEW_VAR}={ALL}")
        if set(request.GET) != {VIEW_VAR} and request.GET:
            return None
        url = self._url_of(request, view)
        return None if url == request.get_full_path() else HttpResponseRedirect(url)

    def _filter_names(self, request: HttpRequest) -> set[str]:
        """Return the names of the filters that the reader has."""
        return {
            str(
                each[0]
                if isinstance(each, tuple | list)
                else getattr(each, "parameter_name", each)
            )
            for each in self.get_list_filter(request)
        }

    def _is_usable(self, request: HttpRequest, view: SavedView) -> bool:
        names = self._filter_names(request)
        order = view.order.removeprefix("-")
        return all(_filter_of(code) in names for code in view.filters) and (
            not order or order in self.get_sortable_by(request)
        )

    def _url_of(self, request: HttpRequest, view: SavedView) -> str:
        query = QueryDict(mutable=True)
        query[VIEW_VAR] = str(view.pk)
        for code in view.filters:
            name, _sign, value = code.partition("=")
            query.appendlist(name, value)
        if view.order:
            query[ORDER_VAR] = self._place(request, view)
        path_of_list = reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        )
        return f"{path_of_list}?{query.urlencode()}"

    def _place(self, request: HttpRequest, view: SavedView) -> str:
        """Return the number of the column a view is ordered by."""
        name = view.order.removeprefix("-")
        chosen = view.columns or list(self.list_display)
        first = str(self.list_display[0])
        shown = [
            column
            for column in self.columns_for(request)
            if column in chosen or column == first
        ]
        if name not in shown:
            return ""
        # A column with the boxes to tick comes before them, where there is one.
        place = shown.index(name) + bool(self.get_actions(request))
        return f"-{place}" if view.order.startswith("-") else str(place)

    def _context(self, request: HttpRequest, listed: Any) -> dict[str, Any]:
        looking = self.looking(request)
        user: Any = request.user
        first = looking.preference.first_view_id if looking.preference else None
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}_"
        view = looking.view
        is_own = view is not None and view.owner_id == user.pk
        opens_form = is_own or bool(listed.filter_params) or ORDER_VAR in listed.params
        return {
            "saved_views": [
                {
                    "view": each,
                    "url": self._url_of(request, each),
                    "is_current": each == view,
                    "is_usable": self._is_usable(request, each),
                    "is_first": each.pk == first,
                    "is_own": each.owner_id == user.pk,
                }
                for each in looking.views
            ],
            "saved_view": view,
            "saved_view_is_own": is_own,
            "saved_view_is_first": view is not None and view.pk == first,
            "saved_view_shared": saved_views.shared_code(view) if view else "",
            # Who it may be shared with is asked of the database, so only for the form.
            "share_choices": saved_views.may_share_with(user) if opens_form else (),
            "list_is_narrowed": opens_form and not is_own,
            "all_url": f"?{VIEW_VAR}={ALL}",
            "list_columns": self._column_choices(request),
            "views_url": reverse(f"{base}views"),
            "columns_url": reverse(f"{base}columns"),
            "list_query": request.GET.urlencode(),
        }

    # --- what is done with them ---

    def get_urls(self) -> list[URLPattern]:
        """Add where views are changed and columns chosen."""
        view = self.admin_site.admin_view
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(
                "views/", view(require_POST(self._change_views)), name=f"{name}_views"
            ),
            path(
                "columns/",
                view(require_POST(self._choose_columns)),
                name=f"{name}_columns",
            ),
            *super().get_urls(),
        ]

    def _choose_columns(self, request: HttpRequest) -> HttpResponse:
        self._require_list(request)
        offered = self.columns_for(request)
        chosen = [name for name in offered if name in request.POST.getlist("column")]
        if "usual" in request.POST:
            chosen = []
        actor = actors.of_request(request)
        saved_views.choose_columns(self.screen, chosen, actor=actor)
        query = QueryDict(request.POST.get("query", ""), mutable=True)
        # Orders are numbers of columns; a view would put its own columns back.
        for gone in (ORDER_VAR, VIEW_VAR):
            query.pop(gone, None)
        query[VIEW_VAR] = ALL
        return self._back(query)

    def _change_views(self, request: HttpRequest) -> HttpResponse:
        self._require_list(request)
        asked = request.POST
        query = QueryDict(asked.get("query", ""), mutable=True)
        actor = actors.of_request(request)
        try:
            key = uuid.UUID(asked["view"]) if asked.get("view") else None
        except ValueError as error:
            raise BadRequest from error
        try:
            self._do(request, asked.get("do", ""), key, query, actor)
        except DomainError as error:
            messages.error(request, str(error))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return self._back(query)

    def _do(
        self,
        request: HttpRequest,
        do: str,
        key: uuid.UUID | None,
        query: QueryDict,
        actor: actors.Actor,
    ) -> None:
        asked = request.POST
        name, shared = asked.get("name", ""), asked.get("shared", "nobody")
        if do == "save":
            look = self._look(request, query)
            view = saved_views.save(
                self.screen, name=name, shared=shared, actor=actor, **look
            )
            _only(query, str(view.pk))
            messages.success(request, _("The view was saved."))
            return
        if do == "first" and key is None:
            saved_views.begin_with(self.screen, None, actor=actor)
            return
        if key is None:
            raise BadRequest
        if do == "rename":
            saved_views.change(key, name=name, shared=shared, actor=actor)
        elif do == "look":
            look = self._look(request, query)
            saved_views.look_anew(key, actor=actor, **look)
            messages.success(request, _("The view was saved."))
        elif do == "delete":
            saved_views.delete(key, actor=actor)
            _only(query, ALL)
            messages.success(request, _("The view was deleted."))
        elif do == "first":
            saved_views.begin_with(self.screen, key, actor=actor)
        elif do in ("left", "right"):
            by = -1 if do == "left" else 1
            saved_views.move(self.screen, key, by=by, actor=actor)
        else:
            raise BadRequest

    def _look(self, request: HttpRequest, query: QueryDict) -> dict[str, Any]:
        """Return what of an address a view keeps: filters the reader has, order, columns."""
        names = self._filter_names(request)
        filters = []
        for name, values in sorted(query.lists()):
            if name in _NOT_KEPT or not any(values):
                continue
            if _filter_of(name) not in names:
                raise DomainError(
                    "filter_not_kept",
                    _("This list is narrowed in a way that a view does not keep."),
                )
            filters += [f"{name}={value}" for value in values if value]
        # The list as its address has it, with the view it stood on.
        request.GET = query  # type: ignore[assignment]
        request.__dict__.pop("looking_at_list", None)
        columns = self.get_list_display(request)
        order = query.get(ORDER_VAR, "").split(".")[0]
        place = order.removeprefix("-")
        name = ""
        if place.isascii() and place.isdigit():
            number = int(place) - bool(self.get_actions(request))
            name = columns[number] if 0 <= number < len(columns) else ""
        if name not in self.get_sortable_by(request):
            name = ""
        minus = "-" if name and order.startswith("-") else ""
        usual = [c for c in self.columns_for(request) if c in self.list_display]
        return {
            "filters": filters,
            "columns": [] if columns == usual else columns,
            "order": minus + name,
        }

    def _require_list(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied

    def _back(self, query: QueryDict) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return HttpResponseRedirect(f"{reverse(name)}?{query.urlencode()}")


def _only(query: QueryDict, view: str) -> None:
    query.clear()
    query[VIEW_VAR] = view


def _filter_of(code: str) -> str:
    """Return the name of the filter that a piece of an address belongs to."""
    name = code.partition("=")[0].partition("__")[0]
    for suffix in ("_from", "_to"):
        name = name.removesuffix(suffix)
    return name
