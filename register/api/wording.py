"""What is wrong with a field of a body, in the language of whoever sent it.

Pydantic says it in English alone, and in places repeats what was sent. Its own codes
are said anew here; refusals of our own schemas have their sentences already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_NO_TIME = _("There is no such day, time or offset.")
_NO_ID = _(
    "Write the number of a record, such as 3f2b8c1e-5d4a-4e0b-9a57-1c2d3e4f5a6b."
)
_ONE_OF = _("Write one of %(expected)s.")

_SENTENCES: dict[str, str | Promise] = {
    "missing": _("This is missing."),
    "extra_forbidden": _("There is a key here that this interface does not know."),
    "string_type": _("Write a text."),
    "string_unicode": _("The text is not Unicode."),
    "string_too_short": _("Write at least %(min_length)s characters."),
    "string_too_long": _("Write at most %(max_length)s characters."),
    "string_pattern_mismatch": _("The text has characters that it must not have."),
    "list_type": _("Write a list."),
    "too_short": _("At least %(min_length)s are needed here."),
    "too_long": _("At most %(max_length)s may be here."),
    "model_type": _("Write an object."),
    "model_attributes_type": _("Write an object."),
    "dict_type": _("Write an object."),
    "int_type": _("Write a whole number."),
    "int_parsing": _("Write a whole number."),
    "int_parsing_size": _("The number is too large."),
    "int_from_float": _("Write a whole number."),
    "greater_than_equal": _("Write at least %(ge)s."),
    "less_than_equal": _("Write at most %(le)s."),
    "bool_type": _("Write true or false."),
    "bool_parsing": _("Write true or false."),
    "literal_error": _ONE_OF,
    "enum": _ONE_OF,
    "uuid_type": _NO_ID,
    "uuid_parsing": _NO_ID,
    "datetime_parsing": _NO_TIME,
    "datetime_from_date_parsing": _NO_TIME,
    "datetime_object_invalid": _NO_TIME,
    "timezone_aware": _NO_TIME,
}
_OTHERWISE = _("This is not as it must be; see the documentation of this interface.")
# Raised by schemas of ours, with a sentence that is in the right language already.
OWN = frozenset({"nul", "moment", "identifier", "no_address", "two_ways"})


def sentence_of(error: Mapping[str, Any]) -> str:
    """Return what is wrong, without a character of what was sent."""
    if error["type"] in OWN:
        return str(error["msg"])
    sentence = _SENTENCES.get(error["type"], _OTHERWISE)
    values = dict(error.get("ctx") or {})
    if "expected" in values:
        values["expected"] = str(values["expected"]).replace(" or ", ", ")
    return str(sentence) % values
