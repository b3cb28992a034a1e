"""A small identity provider that speaks OpenID Connect, and lies where a test wants it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT, SECRET = "seloste", "a-secret-of-the-client"
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_CURVE = ec.generate_private_key(ec.SECP256R1())


def _public(algorithm, key, number):
    described = algorithm.to_jwk(key.public_key(), as_dict=True)
    return described | {"kid": number, "use": "sig"}


KEYS = [
    _public(jwt.algorithms.RSAAlgorithm, _RSA, "first"),
    _public(jwt.algorithms.ECAlgorithm, _CURVE, "second"),
]


class IdentityProvider:
    """Knows one person at a time; whoever comes is that person."""

    def __init__(self):
        self.person = {
            "sub": "248289761001",
            "email": "agent@seloste.test",
            "email_verified": True,
        }
        # What a test changes: claims of the token, how it is signed, the documents.
        self.token, self.userinfo, self.description = {}, {}, {}
        self.signs_with, self.algorithm, self.key_number = _RSA, "RS256", "first"
        self.keys = KEYS
        self.token_status = 200
        self.asked = []
        self._codes = {}
        self.issuer = ""

    def sign_as_a_stranger(self):
        self.signs_with = _STRANGER

    def sign_by_curve(self):
        self.signs_with, self.algorithm, self.key_number = _CURVE, "ES256", "second"

    def log_in(self, url):
        """Do what the provider's page does: return where the browser is sent back to."""
        parts = urlsplit(url)
        assert url.startswith(f"{self.issuer}/authorize?")
        query = dict(parse_qsl(parts.query))
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        back = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def _token(self, form, authorization):
        query = self._codes.pop(form.get("code"), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        encoded = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        given = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (
            query is None
            or authorization != f"Basic {given}"
            or form["redirect_uri"] != query["redirect_uri"]
            or encoded != query["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": query["nonce"],
            **self.person,
            **self.token,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        key = None if self.algorithm == "none" else self.signs_with
        headers = {"kid": self.key_number} if self.key_number else {}
        token = jwt.encode(claims, key, self.algorithm, headers=headers)
        return self.token_status, {
            "access_token": "an-access-token",
            "token_type": "Bearer",
            "id_token": token,
        }

    def answer(self, path, form, authorization):
        """Return status and document for one question."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "end_session_endpoint": f"{self.issuer}/leave",
                **self.description,
            }
        if path == "/keys":
            return 200, {"keys": self.keys}
        if path == "/token":
            return self._token(form, authorization)
        if path == "/userinfo" and authorization == "Bearer an-access-token":
            return 200, self.userinfo
        return 404, {}


class _Handler(BaseHTTPRequestHandler):
    def _do(self, form):
        authorization = self.headers.get("Authorization", "")
        status, document = self.server.provider.answer(self.path, form, authorization)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/authorize"):  # for a real browser
            self.send_response(302)
            url = f"{self.server.provider.issuer}{self.path}"
            self.send_header("Location", self.server.provider.log_in(url))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._do({})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._do({name: values[0] for name, values in parse_qs(body).items()})

    def log_message(self, *args):
        pass


class Running:
    """The server of a provider; stopped, its port is closed."""

    def __init__(self):
        self.provider = IdentityProvider()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = False
        self._server.provider = self.provider
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.provider.issuer = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01])
        self._thread.start()

    def stop(self):
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
