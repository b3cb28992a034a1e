"""The package of an access request: rows, what is told about them, and the one file."""

from __future__ import annotations
