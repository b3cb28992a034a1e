"""The overview page."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from register import dashboard


def add_figures(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the overview what this user may see (unfold calls it)."""
    figures, plots = dashboard.for_user(request.user)
    context["title"] = _("Overview")
    context["figures"] = figures
    context["plots"] = [
        {
            "plot": plot,
            "rows": list(zip(plot.labels, plot.values, strict=True)),
            "data": json.dumps(
                {
                    "labels": list(plot.labels),
                    "datasets": [
                        {
                            "label": str(plot.title),
                            "data": list(plot.values),
                            "backgroundColor": "var(--color-primary-600)",
                        }
                    ],
                }
            ),
            "options": json.dumps(
                {
                    "barPercentage": 0.8,
                    "maintainAspectRatio": False,
                    "plugins": {"legend": {"display": False}},
                    "scales": {
                        "x": {"border": {"display": False}, "grid": {"display": False}},
                        "y": {
                            "display": True,
                            "beginAtZero": True,
                            "border": {"display": False},
                            "ticks": {"precision": 0, "maxTicksLimit": 5},
                        },
                    },
                }
            ),
        }
        for plot in plots
    ]
    return context
