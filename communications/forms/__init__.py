"""Forms of the work with people."""

from __future__ import annotations
