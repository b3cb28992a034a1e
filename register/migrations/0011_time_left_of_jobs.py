from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("register", "0010_indexes_of_the_trail"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="counted_from",
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="job",
            name="counted_from_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
