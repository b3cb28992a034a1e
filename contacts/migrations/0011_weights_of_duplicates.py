"""The weights and thresholds every installation starts with."""

from django.db import migrations

WEIGHTS = {
    "contact": {
        "email": 60,
        "shared_email": 10,
        "phone": 30,
        "shared_phone": 5,
        "name": 40,
        "swapped": 40,
        "initial": 30,
        "similar": 30,
        "other_name": -40,
        "company": 20,
        "address": 20,
    },
    "company": {
        "name": 50,
        "similar": 35,
        "address": 30,
        "domain": 30,
        "business_id": -100,
    },
}
THRESHOLDS = {
    "contact": {"typing": 40, "asking": 60, "scan": 60},
    "company": {"typing": 35, "asking": 50, "scan": 50},
}


def seed(apps, schema_editor):
    MatchWeight = apps.get_model("contacts", "MatchWeight")
    MatchThreshold = apps.get_model("contacts", "MatchThreshold")
    for kind, weights in WEIGHTS.items():
        for feature, weight in weights.items():
            MatchWeight.objects.get_or_create(
                kind=kind, feature=feature, defaults={"weight": weight}
            )
    for kind, thresholds in THRESHOLDS.items():
        for situation, points in thresholds.items():
            MatchThreshold.objects.get_or_create(
                kind=kind, situation=situation, defaults={"points": points}
            )


class Migration(migrations.Migration):
    dependencies = [("contacts", "0010_duplicates")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
