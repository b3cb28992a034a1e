"""The overview page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def add_figures(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the overview what this user may see."""
    return context
