"""No right, no value: every role, every category, every address of the product.

The register is filled by the data map, with a marker in every personal field. A marker
of a category that a role may not see stands in no answer.
"""

from __future__ import annotations

import pytest

from tests.access.matrix import asking
from tests.access.matrix.world import STANDARD, categories_of, undone
from tests.conftest import make_user, session_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", STANDARD)
def test_no_screen_shows_a_role_what_is_of_a_category_it_may_not_see(world, role):
    with undone():
        client = session_of(make_user(f"reader.{role}", role))
        client.raise_request_exception = False
        needles = world.needles(beyond=categories_of(role))
        assert needles or role == "dpo"  # who sees everything
        found, broken = {}, []
        for path in asking.addresses(world):
            answer = asking.get(client, path)
            if answer.status >= 500:
                broken.append(path)
            elif betrayed := answer.betrays(needles):
                found[path] = world.named(betrayed)

    assert found == {}
    assert broken == []
