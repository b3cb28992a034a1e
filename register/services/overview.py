"""Arranging one's own overview."""

from __future__ import annotations

from django.db import transaction

from register import dashboard
from register.models import OverviewArrangement, User


@transaction.atomic
def arrange(user: User, shown: set[str], *, moved: str = "", up: bool = False) -> None:
    """Show only some of the parts that the user may see, and move one by a place.

    What is unknown, or not the user's to see, is left out without a word.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    # Numbers stand before plots: each moves among its kind.
    tiles = sorted(dashboard.tiles_of(user), key=lambda tile: tile.is_plot)
    plots = {tile.code for tile in tiles if tile.is_plot}
    codes = [tile.code for tile in tiles]
    if moved in codes:
        place = codes.index(moved)
        other = place - 1 if up else place + 1
        if 0 <= other < len(codes) and (moved in plots) == (codes[other] in plots):
            codes[place], codes[other] = codes[other], codes[place]
    OverviewArrangement.objects.update_or_create(
        user=user,
        defaults={
            "placed": codes,
            "hidden": [code for code in codes if code not in shown],
        },
    )


def reset(user: User) -> None:
    """Show everything again, in the order it has by itself."""
    OverviewArrangement.objects.filter(user=user).delete()
