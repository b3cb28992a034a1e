"""What two records have in common must not tell where a protected person is.

That two people are in the same company, or at the same address, says where the one is
to whoever sees the other. The scan compares nothing of it (`facts`); here it is taken
from pairs that were found before the address was protected.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import Q

from contacts.likeness.weights import weights_for
from contacts.models import ContactPair, Feature, MatchKind, Situation
from register.services import protections

TELLING = (Feature.COMPANY, Feature.ADDRESS)


def forget(people: Collection[uuid.UUID]) -> None:
    """Let pairs of those among ``people`` who are protected say nothing of it.

    An open pair that is too little alike without it goes, as it would with a scan.
    """
    hidden = protections.protected_among(people)
    if not hidden:
        return
    weights = weights_for(MatchKind.CONTACT)
    pairs = ContactPair.objects.filter(
        Q(first__in=hidden) | Q(second__in=hidden),
        features__overlap=[str(each) for each in TELLING],
    )
    for pair in pairs.select_for_update():
        pair.features = [each for each in pair.features if each not in TELLING]
        pair.points = weights.points(pair.features)
        is_open = pair.state == ContactPair.State.OPEN
        if is_open and pair.points < weights.threshold(Situation.SCAN):
            pair.delete()
        else:
            pair.save(update_fields=["features", "points"])
