"""How a finding is reported."""

from __future__ import annotations

from typing import Any

from django.core import checks


def finding(code: str, message: str, hint: str, model: Any) -> checks.Error:
    """Return a finding of the data map: what is wrong, and what to write."""
    return checks.Error(message, hint=hint, obj=model, id=f"register.{code}")
