"""Weights and thresholds, which are rows: what a register is full of differs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from contacts.models import MatchKind, MatchThreshold, MatchWeight, Situation

# Where a threshold was deleted: nothing is taken for a duplicate by too little.
STRICT = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Weights:
    """The weights and thresholds for records of one kind."""

    weights: Mapping[str, int]
    thresholds: Mapping[str, int]

    def points(self, features: Iterable[str]) -> int:
        """Return how much these features say together."""
        return sum(self.weights.get(feature, 0) for feature in features)

    def threshold(self, situation: Situation) -> int:
        """Return how many points are asked for."""
        return self.thresholds.get(situation, STRICT)


def weights_for(kind: MatchKind) -> Weights:
    """Read the weights in force."""
    weights = MatchWeight.objects.filter(kind=kind).values_list("feature", "weight")
    thresholds = MatchThreshold.objects.filter(kind=kind)
    return Weights(dict(weights), dict(thresholds.values_list("situation", "points")))
