"""The one door through which anything leaves the register."""

from __future__ import annotations
