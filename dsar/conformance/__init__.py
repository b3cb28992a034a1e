"""Clauses N8 and N10: requests are answered in time, wholly, and leave no trace behind."""

from __future__ import annotations

from dsar.conformance import erasures, packages, requests

__all__ = ["erasures", "packages", "requests"]
