"""What surrounds every request to the HTTP interface."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from register.api.bodies import accept_chunked
from register.api.errors import ApiError, in_form, response_of

API_PATH = "/api/"
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class ApiForm:
    """Gives errors of the framework the form of the interface, and forbids storing answers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API_PATH):
            return self.get_response(request)
        try:
            accept_chunked(request)
        except ApiError as error:
            return response_of(error)
        response = in_form(self.get_response(request))
        response.headers.setdefault("Cache-Control", "no-store")
        return response
