"""What is searched travels in addresses only sealed.

An address stays in the history of the browser, in the log of a proxy and in links that
are passed on, and what is searched is mostly somebody's name. So the search forms of
lists send the words in the body, and the address that answers holds them encrypted for
the account that searched. Equal words give equal addresses (AES-SIV), which a page
needs to link to its other pages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.views.main import (
    ERROR_FLAG,
    PAGE_VAR,
    SEARCH_VAR,
    ChangeListSearchForm,
)
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.views import ChangeList

from register import identity_codes
from register.models import User

# Begins no word that anybody would search for.
_MARK = "~"
# Which saved view a list was opened by: no filter.
VIEW_VAR = "view"
# Nobody types more; an address must stay one.
LONGEST = 200


def seal(words: str, *, user: User) -> str:
    """Return words as an address may hold them, readable for ``user`` alone."""
    sealed = _cipher().encrypt(
        words[:LONGEST].encode("utf-8", "ignore"), [user.pk.bytes]
    )
    return _MARK + base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(value: str, *, user: User) -> str:
    """Return the words of an address; none if they were sealed for somebody else."""
    if not value.startswith(_MARK):
        return value
    try:
        sealed = base64.urlsafe_b64decode(value[1:] + "=" * (-(len(value) - 1) % 4))
        return _cipher().decrypt(sealed, [user.pk.bytes]).decode()
    except (binascii.Error, InvalidTag, ValueError):
        return ""


def _cipher() -> AESSIV:
    key = hashlib.sha512(b"searched words:" + settings.SECRET_KEY.encode()).digest()
    return AESSIV(key[:32])


def redirect_to_search(request: HttpRequest) -> HttpResponse:
    """Lead from a search form to the list that answers, with the filters it had.

    A personal identity code is no word to search for, and gets into no address.
    """
    user: User = request.user  # type: ignore[assignment]
    words = request.POST.get(SEARCH_VAR, "").replace("\0", " ").strip()
    query = request.GET.copy()
    for name in (SEARCH_VAR, PAGE_VAR, ERROR_FLAG):
        query.pop(name, None)
    if identity_codes.holds_code(words):
        messages.error(request, identity_codes.SENTENCE)
    elif words:
        query[SEARCH_VAR] = seal(words, user=user)
    return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")


def readable_query(request: HttpRequest, words: str) -> str:
    """Return the query of an address with what is searched in plain, for its fingerprint."""
    if SEARCH_VAR not in request.GET:
        return str(request.META.get("QUERY_STRING", ""))
    query = request.GET.copy()
    query[SEARCH_VAR] = words
    return query.urlencode()


class SealedSearchChangeList(ChangeList):
    """A list whose address holds what is searched sealed, or as somebody typed it there."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        user: User = request.user  # type: ignore[assignment]

        class SearchForm(ChangeListSearchForm):
            def clean(self) -> dict[str, Any]:
                words = self.cleaned_data.get(SEARCH_VAR) or ""
                return {**self.cleaned_data, SEARCH_VAR: unseal(words, user=user)}

        self.search_form_class = SearchForm
        super().__init__(request, *args, **kwargs)

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Leave out the view, whose filters stand in the address."""
        found: dict[str, Any] = super().get_filters_params(params)
        found.pop(VIEW_VAR, None)
        return found
