"""Single sign-on: log-in by the employer's identity provider (OpenID Connect).

``provider`` asks it and believes no answer before it is verified, ``admission`` says
whose account the person has and which roles the groups give, ``views`` are the two
addresses between them.
"""

from __future__ import annotations
