"""Demo and development: embedded servers, keys made on first use under var/."""

from __future__ import annotations

from settings.base import *
from settings.base import STATE_DIR
from settings.local_keys import local_keys

_keys = local_keys(STATE_DIR / "keys.json")
SECRET_KEY = _keys["SECRET_KEY"]
ADDRESS_HASH_KEYS = [f"demo:{_keys['ADDRESS_HASH_KEY']}"]
AUDIT_KEY = _keys["AUDIT_KEY"]
SECOND_FACTOR_KEYS = [_keys["SECOND_FACTOR_KEY"]]
# Passkeys on this machine, without TLS.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
# The controller of the notice that the demo keeps (clause N1.1).
CONTROLLER = {
    "name": "Vastuu Group Oy",
    "business_id": "2327327-1",
    "street_address": "Tarvonsalmenkatu 17 B",
    "postcode": "02600",
    "town": "Espoo",
    "dpo_email": "tietosuoja@vastuugroup.fi",
    "dpo_address": "Vastuu Group Oy, Tietosuojavastaava, Tarvonsalmenkatu 17 B, 02600 Espoo",
}
IS_DEMO = True
