"""Why a text is no identifier, in sentences for people, by the codes of InvalidIdentifier."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, Promise] = {
    "email_no_at": _("This is not an e-mail address: it has no @."),
    "email_local_part": _(
        "This is not an e-mail address: check what stands before the @."
    ),
    "email_domain": _("This is not an e-mail address: check what stands after the @."),
    "email_too_long": _("The e-mail address is too long."),
    "phone_length": _(
        "This is not a telephone number: it has too few or too many digits. Write for example 040 1234567 or +46 8 123 456."
    ),
    "business_id_form": _(
        "This is not a business id: it has seven digits, a hyphen and a check digit, for example 2327327-1."
    ),
    "business_id_check_digit": _(
        "The check digit of the business id is wrong. Check every digit."
    ),
}
