import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # A database that is older than this file has them behind it.
    replaces = [('consent', '0001_first'), ('consent', '0002_list_by_filters')]

    initial = True
    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Prohibition',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('address_hash', models.CharField(max_length=64, verbose_name='keyed hash of the address')),
                ('hash_key_id', models.CharField(max_length=16, verbose_name='key of the hash')),
                ('channel', models.CharField(choices=[('email', 'e-mail'), ('phone', 'telephone')], max_length=10, verbose_name='channel')),
                ('purpose', models.CharField(choices=[('marketing', 'direct marketing'), ('customer', 'customer communications')], max_length=10, verbose_name='purpose')),
                ('method', models.CharField(choices=[('import', 'imported list'), ('staff', 'told to staff'), ('api', 'another system of the controller')], max_length=10, verbose_name='how it was given')),
                ('subject_id', models.UUIDField(blank=True, db_index=True, null=True, verbose_name='person')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
            ],
            options={
                'verbose_name': 'prohibition',
                'verbose_name_plural': 'prohibitions',
                'indexes': [models.Index(fields=['-created_at', 'id'], include=('channel', 'purpose', 'method'), name='prohibition_newest'), models.Index(fields=['channel', 'purpose', 'method', '-created_at', 'id'], name='prohibition_by_filters')],
                'constraints': [models.UniqueConstraint(fields=('address_hash', 'channel', 'purpose'), name='prohibition_once', violation_error_message='This address is already prohibited on this channel.')],
            },
        ),
    ]
