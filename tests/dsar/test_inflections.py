from __future__ import annotations

import pytest

from dsar.mentions.inflections import is_form_of, shared_beginning

FORMS = {
    "virtanen": "virtasen virtasta virtaselle virtasella virtaseen virtasten virtasellakin virtanens",
    "makela": "makelan makelaa makelalle makelassa makelaan makelankin makelas",
    "koski": "kosken koskea koskelle koskeen",
    "lahti": "lahden lahdelle lahtea lahteen lahtikin",
    "maki": "maen makea maelle makeen makin",
    "pekka": "pekan pekalle pekkaa pekkaan",
    "matti": "matin matille mattia",
    "jarvi": "jarven jarvelle jarvea",
    "lampi": "lammen lammelle",
    "kurki": "kurjen kurjelle",
    "seppo": "sepon sepolle seppoa",
    "virta": "virran virralle virtaa",
    "laine": "laineen lainetta laineelle",
    "kangas": "kankaan kankaalle kangasta",
    "markus": "markuksen markukselle markusta",
    "smith": "smithin smithille smithia smiths",
    "anna": "annan annaa annalle annaan annas",
}
OTHERS = [
    ("anna", "annastiina"),
    ("anna", "hanna"),
    ("ann", "anna"),
    ("virtanen", "virtala"),
    ("niemi", "nieminen"),
    ("koski", "koskinen"),
    ("koski", "koskela"),
    ("mari", "marianne"),
    ("kim", "kimmo"),
]


@pytest.mark.parametrize(
    ("name", "form"), [(name, form) for name in FORMS for form in FORMS[name].split()]
)
def test_a_declined_name_is_the_name(name, form):
    assert is_form_of(form, name)
    assert form.startswith(shared_beginning(name))


@pytest.mark.parametrize(("name", "word"), OTHERS)
def test_another_name_is_not(name, word):
    assert not is_form_of(word, name)
