"""The one door for questions to other servers over HTTP.

Only hosts that the settings name are asked (``OUTBOUND_HOSTS``), without following
redirects, with one time limit for the whole answer and a limit to its size. Each
question is recorded with where it went; its words and its answer are not.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPException
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register import audit
from register.actors import Actor
from register.errors import DomainError

logger = logging.getLogger(__name__)

SECONDS = 10.0
LARGEST_BYTES = 1_000_000
CHUNK_BYTES = 16 * 1024

audit.register_actions({"outbound.asked": _("asked another service")})


class OutboundError(DomainError):
    """The other side did not answer as it should; ``code`` says how."""


_SENTENCES: dict[str, str | Promise] = {
    "outbound_host": _("The register is not set up to ask that service."),
    "outbound_unreachable": _("The service cannot be reached. Try again later."),
    "outbound_slow": _("The service did not answer in time. Try again later."),
    "outbound_busy": _("The service takes no more questions now. Try again later."),
    "outbound_missing": _("The service knows nothing of it."),
    "outbound_refused": _("The service refused the question."),
    "outbound_broken": _("The service has a fault of its own. Try again later."),
    "outbound_large": _("The answer of the service is too large to be right."),
    "outbound_nonsense": _("The answer of the service cannot be read."),
}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow none: the list of hosts would mean nothing."""


def get_json(
    url: str,
    query: Mapping[str, str],
    *,
    actor: Actor,
    what: str,
    bearer: str = "",
    seconds: float | None = None,
) -> Any:
    """Ask ``url`` and return the answer as JSON; ``what`` is a code for the trail.

    Raises OutboundError, whose message may be shown.
    """
    asked = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return _ask(asked if query else url, None, headers, actor, what, seconds)


def post_form(
    url: str,
    form: Mapping[str, str],
    *,
    actor: Actor,
    what: str,
    basic: tuple[str, str] | None = None,
    seconds: float | None = None,
) -> Any:
    """Send a form to ``url`` and return the answer as JSON, as :func:`get_json` does.

    ``basic`` is a name and a password for HTTP's own log-in.
    """
    headers = {}
    if basic:
        pair = ":".join(quote(each, safe="") for each in basic)  # RFC 6749, 2.3.1
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return _ask(url, urlencode(form).encode(), headers, actor, what, seconds)


def _ask(
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    actor: Actor,
    what: str,
    seconds: float | None,
) -> Any:
    parts = urlsplit(url)
    if parts.netloc not in settings.OUTBOUND_HOSTS or parts.scheme not in (
        "https",
        # For a server on the same machine, in tests.
        *(("http",) if parts.hostname == "127.0.0.1" else ()),
    ):
        raise _error("outbound_host")
    audit.record("outbound.asked", actor=actor, object_type=what)
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at above
        url, data=body, headers={"Accept": "application/json", **headers}
    )
    # No proxy from the environment, no cookies, no file: addresses.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
    seconds = seconds or SECONDS
    deadline = time.monotonic() + seconds
    try:
        with opener.open(request, timeout=seconds) as response:
            answer = _read(response, deadline)
    except urllib.error.HTTPError as error:
        with error:
            status = error.code
        raise _of_status(status) from None
    except TimeoutError:
        raise _error("outbound_slow") from None
    except (urllib.error.URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", None)
        slow = isinstance(reason, TimeoutError)
        raise _error("outbound_slow" if slow else "outbound_unreachable") from None
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        raise _error("outbound_nonsense") from None


def _read(response: IO[bytes], deadline: float) -> bytes:
    """Read all of it, however slowly it trickles, up to the limits of time and size."""
    body = bytearray()
    while chunk := response.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise _error("outbound_large")
        if time.monotonic() > deadline:
            raise _error("outbound_slow")
    return bytes(body)


def _of_status(status: int) -> OutboundError:
    if status == 404:
        return _error("outbound_missing")
    if status == 429:
        return _error("outbound_busy")
    return _error("outbound_broken" if status >= 500 else "outbound_refused")


def _error(code: str) -> OutboundError:
    logger.warning("A question to another service failed: %s", code)
    return OutboundError(code, _SENTENCES[code])
