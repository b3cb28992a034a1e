"""What every installation starts with: duties, services, topics, and the weights of duplicates."""

from django.db import migrations

DUTIES = {
    "decision_maker": "Decision maker",
    "management": "Management",
    "purchasing": "Purchasing",
    "invoicing": "Invoicing",
    "technical_contact": "Technical contact",
    "main_user": "Main user",
    "data_protection": "Data protection",
    "occupational_safety": "Occupational safety",
    "hr": "Human resources",
    "marketing": "Marketing",
    "sales": "Sales",
    "security": "Security",
}
TOPICS = {
    "news": "News and releases",
    "training": "Training",
    "events": "Events",
    "offers": "Offers",
    "legislation": "Changes of the law",
}
SERVICES = {"online_service": "Online service", "support": "Support", "training": "Training"}

# What likeness counts, by kind of record, and from how many points on something is said.
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
    def of(name):
        return apps.get_model("contacts", name).objects

    for model, words in (("Duty", DUTIES), ("Topic", TOPICS), ("Service", SERVICES)):
        for code, name in words.items():
            of(model).get_or_create(code=code, defaults={"name": name})
    for kind, weights in WEIGHTS.items():
        for feature, weight in weights.items():
            of("MatchWeight").get_or_create(
                kind=kind, feature=feature, defaults={"weight": weight}
            )
    for kind, thresholds in THRESHOLDS.items():
        for situation, points in thresholds.items():
            of("MatchThreshold").get_or_create(
                kind=kind, situation=situation, defaults={"points": points}
            )


class Migration(migrations.Migration):
    # A database that has one of the replaced ones has all, and these rows with them.
    replaces = [
        ("contacts", "0002_import_wizard"),
        ("contacts", "0003_whole_names_of_companies"),
        ("contacts", "0004_lists_and_search"),
        ("contacts", "0005_records_without_source"),
        ("contacts", "0006_lists_by_filters"),
        ("contacts", "0007_responsible_and_team"),
        ("contacts", "0008_depth_of_people_and_companies"),
        ("contacts", "0009_first_words"),
        ("contacts", "0010_duplicates"),
        ("contacts", "0011_weights_of_duplicates"),
        ("contacts", "0012_import_terms_and_undo"),
        ("contacts", "0013_information_duty"),
        ("contacts", "0014_earlier_versions"),
        ("contacts", "0015_exports"),
        ("contacts", "0016_merges"),
        ("contacts", "0017_addresses_that_end"),
        ("contacts", "0018_contact_cards"),
        ("contacts", "0019_counts_of_data_quality"),
        ("contacts", "0020_lists_in_order"),
    ]

    dependencies = [("contacts", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
