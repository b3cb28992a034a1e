import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # A database that is older than this file has them behind it.
    replaces = [('retention', '0001_first'), ('retention', '0002_orders_of_lists')]

    initial = True
    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('revision', models.CharField(max_length=16, verbose_name='revision of the data map')),
                ('deleted', models.PositiveBigIntegerField(default=0, verbose_name='rows ended')),
                ('is_complete', models.BooleanField(default=False, help_text='Whether nothing due was left when the run ended.', verbose_name='nothing left')),
            ],
            options={
                'verbose_name': 'retention run',
                'verbose_name_plural': 'retention runs',
                'ordering': ['-started_at'],
                'indexes': [models.Index(fields=['started_at', 'id'], name='run_newest')],
            },
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('table', models.CharField(max_length=60, verbose_name='table')),
                ('rule', models.CharField(max_length=40, verbose_name='rule')),
                ('period', models.CharField(max_length=20, verbose_name='period')),
                ('rows', models.PositiveIntegerField(verbose_name='rows')),
                ('parts', models.JSONField(default=dict, verbose_name='parts')),
                ('files', models.PositiveIntegerField(default=0, verbose_name='files')),
                ('first_due_at', models.DateTimeField(verbose_name='earliest due')),
                ('last_due_at', models.DateTimeField(verbose_name='latest due')),
                ('deleted_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='deleted')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='batches', to='retention.run')),
            ],
            options={
                'verbose_name': 'ledger entry',
                'verbose_name_plural': 'ledger of deletions',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['rule', 'id'], name='batch_by_rule')],
            },
        ),
    ]
