"""Fields that complete what is typed."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.http import HttpRequest, HttpResponse

from register import actors, audit
from register.staff_site.fingerprints import fingerprint
from register.staff_site.tables import RegisterAdmin


class Autocomplete(AutocompleteJsonView):
    """Completes what is typed with the words of the screen concerned, on the record."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        """Return one choice."""
        found: dict[str, str] = super().serialize_result(obj, to_field_name)
        if isinstance(self.model_admin, RegisterAdmin):
            screen = self.model_admin
            if screen.has_masks(self.request):
                obj = screen.row_as_seen(self.request, obj)
            found["text"] = screen.autocomplete_text(obj)
        return found

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer, and record that personal data was searched."""
        response: HttpResponse = super().get(request, *args, **kwargs)
        screen = self.model_admin
        if isinstance(screen, RegisterAdmin) and screen.holds_personal_data:
            audit.record(
                "register.searched",
                actor=actors.of_request(request),
                object_type=screen.model._meta.label_lower,
                count=len(json.loads(response.content)["results"]),
                query=fingerprint(self.term),
            )
        return response
