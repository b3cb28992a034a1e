"""Rows that a list shows to some readers only, by the address of their page."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404


def seen_or_404(request: HttpRequest, object_id: Any, model_admin: Any) -> Any:
    """Return the row that a list would show to whoever asks; to others it does not exist."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    try:
        key = uuid.UUID(str(object_id))
    except ValueError as error:
        raise Http404 from error
    return get_object_or_404(model_admin.get_queryset(request), pk=key)
