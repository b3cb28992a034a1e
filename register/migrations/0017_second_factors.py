"""Which roles log in with a second factor."""

from django.db import migrations, models


def seed(apps, schema_editor):
    apps.get_model("register", "Role").objects.filter(code__in=["admin", "dpo"]).update(
        requires_second_factor=True
    )


class Migration(migrations.Migration):
    dependencies = [("register", "0016_first_notice_and_rights")]

    operations = [
        migrations.AddField(
            model_name="role",
            name="requires_second_factor",
            field=models.BooleanField(
                default=False,
                help_text="Whoever has the role logs in with an authenticator app or a passkey besides the password. Administrators always do.",
                verbose_name="second factor required",
            ),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
