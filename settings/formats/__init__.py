"""How dates are written, where Django's own way would mislead a reader in Finland."""

from __future__ import annotations
