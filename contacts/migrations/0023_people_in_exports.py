from django.db import migrations


class Migration(migrations.Migration):
    """Until now every row of an export was a person."""

    dependencies = [("contacts", "0022_exports_of_companies")]

    operations = [
        migrations.RunSQL(
            "UPDATE contacts_export SET person_count = row_count WHERE state = 'ready'",
            migrations.RunSQL.noop,
        )
    ]
