"""The duties, services and topics an installation starts with, and when older records were collected."""

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

# The revision in force on the day a record was collected: the latest begun by then.
UNDER_NOTICE = """
    UPDATE contacts_contact c SET
        collected_at = c.created_at,
        notice_id = (
            SELECT n.id FROM register_noticerevision n
            WHERE n.valid_from <= (c.created_at AT TIME ZONE 'Europe/Helsinki')::date
            ORDER BY n.valid_from DESC LIMIT 1
        )
"""


def seed(apps, schema_editor):
    for model, words in (("Duty", DUTIES), ("Topic", TOPICS), ("Service", SERVICES)):
        Word = apps.get_model("contacts", model)
        for code, name in words.items():
            Word.objects.get_or_create(code=code, defaults={"name": name})


def unseed(apps, schema_editor):
    for model, words in (("Duty", DUTIES), ("Topic", TOPICS), ("Service", SERVICES)):
        apps.get_model("contacts", model).objects.filter(code__in=words).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0008_depth_of_people_and_companies"),
        ("register", "0016_first_notice_and_rights"),
    ]

    operations = [
        migrations.RunPython(seed, unseed),
        migrations.RunSQL(UNDER_NOTICE, migrations.RunSQL.noop),
    ]
