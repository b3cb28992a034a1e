"""The addresses of the steps of a request. Links hold ids only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from dsar.screens import erasure, find, of_import, package, requests, review

View = Callable[..., HttpResponseBase]


def of_requests(model_admin: Any) -> list[URLPattern]:
    """Return the addresses, for the screens of the table of requests."""

    def step(route: str, view: View, name: str) -> URLPattern:
        bound = partial(view, model_admin=model_admin)
        wrapped = model_admin.admin_site.admin_view(bound)
        url: URLPattern = path(
            f"<uuid:request_id>/{route}", wrapped, name=f"dsar_request_{name}"
        )
        return url

    return [
        *of_import.urls(model_admin),
        *erasure.urls(model_admin),
        step("looks/<uuid:key>/", requests.looks, "looks"),
        step("find/", find.find, "find"),
        step("clock/", requests.clock, "clock"),
        step("collect/", requests.collect, "collect"),
        step("review/", review.review, "review"),
        step("review/<int:finding_id>/file/", review.file, "file"),
        step("package/", package.order, "package"),
        step("package/<uuid:package_id>/", package.download, "download"),
        step("close/", requests.close, "close"),
    ]
