"""The overview page."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from register import dashboard
from register.services import overview

# The second is light enough to differ from the first on white and on black.
COLOURS = ("var(--color-primary-500)", "var(--color-primary-300)")
# To be read on white and on black.
WORDS = {"color": "#7a8290"}


def add_figures(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the overview what this user may see (unfold calls it)."""
    figures, plots = dashboard.for_user(request.user)
    context["title"] = _("Overview")
    context["figures"] = figures
    context["may_arrange"] = bool(dashboard.tiles_of(request.user))
    context["plots"] = [
        {
            "plot": plot,
            "rows": [
                (label, numbers)
                for label, *numbers in zip(
                    plot.labels,
                    plot.values,
                    *(values for _title, values in plot.more),
                    strict=True,
                )
            ],
            "data": json.dumps(
                {
                    "labels": [str(label) for label in plot.labels],
                    "datasets": [
                        {
                            "label": str(title),
                            "data": list(values),
                            "backgroundColor": colour,
                        }
                        for (title, values), colour in zip(
                            [(plot.unit, plot.values), *plot.more],
                            COLOURS,
                            strict=False,
                        )
                    ],
                }
            ),
            "options": json.dumps(
                {
                    "barPercentage": 0.8,
                    "maintainAspectRatio": False,
                    "plugins": {
                        "legend": {"display": bool(plot.more), "labels": WORDS}
                    },
                    "scales": {
                        "x": {
                            "border": {"display": False},
                            "grid": {"display": False},
                            "ticks": WORDS,
                        },
                        "y": {
                            "display": True,
                            "beginAtZero": True,
                            "border": {"display": False},
                            "ticks": {"precision": 0, "maxTicksLimit": 5, **WORDS},
                        },
                    },
                }
            ),
        }
        for plot in plots
    ]
    return context


@require_http_methods(["GET", "HEAD", "POST"])
def arrange(request: HttpRequest) -> HttpResponse:
    """Let a user choose and order the parts of the own overview, without scripts."""
    user: Any = request.user
    if request.method == "POST":
        what, _colon, code = request.POST.get("do", "").partition(":")
        if what == "reset":
            overview.reset(user)
        else:
            shown = set(request.POST.getlist("shown"))
            moved = code if what in ("up", "down") else ""
            overview.arrange(user, shown, moved=moved, up=what == "up")
        if what not in ("up", "down"):
            messages.success(request, _("The overview is arranged."))
            return redirect("admin:index")
        return redirect("overview_arrange")
    tiles = dashboard.tiles_of(user)
    context = {
        **admin.site.each_context(request),
        "title": _("Arrange the overview"),
        "groups": [
            (title, [tile for tile in tiles if tile.is_plot is is_plot])
            for title, is_plot in ((_("Numbers"), False), (_("Plots"), True))
        ],
    }
    return TemplateResponse(request, "register/overview_arrange.html", context)
