import django.db.models.deletion
import django.utils.timezone
import dsar.models.answers
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    # A database that is older than this file has them behind it.
    replaces = [('dsar', '0001_first'), ('dsar', '0002_records_and_conversations'), ('dsar', '0003_erasure_record'), ('dsar', '0004_package_ends_with_its_contents'), ('dsar', '0005_orders_of_the_list'), ('dsar', '0006_collective_requests')]

    initial = True
    dependencies = [
        ('register', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Request',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(editable=False, unique=True, verbose_name='number')),
                ('kind', models.CharField(choices=[('access', 'access (Art. 15)'), ('erasure', 'erasure (Art. 17)')], max_length=10, verbose_name='kind')),
                ('channel', models.CharField(choices=[('email', 'e-mail'), ('post', 'post'), ('phone', 'telephone'), ('in_person', 'in person')], max_length=10, verbose_name='arrived by')),
                ('received_at', models.DateTimeField(help_text='When the request arrived, not when it was noticed.', verbose_name='received')),
                ('state', models.CharField(choices=[('received', 'received'), ('identified', 'person found'), ('review', 'waiting for review'), ('reviewed', 'reviewed'), ('ready', 'package ready'), ('planned', 'erasure planned'), ('approval', 'waiting for a second person'), ('executing', 'being erased'), ('closed', 'closed')], default='received', max_length=12, verbose_name='state')),
                ('outcome', models.CharField(blank=True, choices=[('delivered', 'package handed over'), ('erased', 'erased'), ('not_found', 'nothing found about the person'), ('refused', 'refused')], max_length=10, verbose_name='outcome')),
                ('due_on', models.DateField(verbose_name='due')),
                ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                ('email', models.CharField(blank=True, max_length=254, verbose_name='e-mail address')),
                ('phone', models.CharField(blank=True, max_length=40, verbose_name='telephone')),
                ('other_identifiers', models.TextField(blank=True, help_text='One on each line: former name, other addresses or numbers.', verbose_name='other identifiers')),
                ('is_collective', models.BooleanField(default=False, editable=False, verbose_name='about many people')),
                ('language', models.CharField(choices=[('fi', 'suomi'), ('sv', 'svenska'), ('en', 'English')], default='fi', max_length=5, verbose_name='language')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('handled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='handled by')),
            ],
            options={
                'verbose_name': 'request',
                'verbose_name_plural': 'requests',
                'ordering': ['due_on', 'number'],
                'indexes': [models.Index(fields=['-closed_at', 'due_on', 'number'], name='request_urgent'), models.Index(fields=['due_on', 'number'], name='request_due'), models.Index(fields=['received_at'], name='request_received')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'erased'), _negated=True), models.Q(('email', ''), ('name', ''), ('other_identifiers', ''), ('phone', '')), _connector='OR'), name='request_erased_means_blank', violation_error_message='The record of an erasure holds no personal data.')],
            },
        ),
        migrations.CreateModel(
            name='Package',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('file', models.FileField(max_length=200, upload_to=dsar.models.answers.package_path, verbose_name='file')),
                ('size', models.PositiveBigIntegerField(default=0, verbose_name='size in bytes')),
                ('sha256', models.CharField(max_length=64, verbose_name='fingerprint')),
                ('revision', models.CharField(max_length=16, verbose_name='revision of the data map')),
                ('row_count', models.PositiveIntegerField(default=0, verbose_name='rows')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('downloaded_at', models.DateTimeField(blank=True, null=True, verbose_name='downloaded')),
                ('contents_end_at', models.DateTimeField(blank=True, null=True, verbose_name='first of its contents deleted')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='packages', to='dsar.request')),
            ],
            options={
                'verbose_name': 'package',
                'verbose_name_plural': 'packages',
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('table', models.CharField(max_length=60, verbose_name='table')),
                ('row_key', models.CharField(max_length=40, verbose_name='row')),
                ('field', models.CharField(max_length=60, verbose_name='field')),
                ('conversation', models.CharField(default='', max_length=110, verbose_name='conversation')),
                ('verdict', models.CharField(choices=[('waiting', 'not reviewed'), ('give', 'give'), ('redact', 'give with parts removed'), ('withhold', 'withhold')], default='waiting', max_length=10, verbose_name='decision')),
                ('ground', models.CharField(blank=True, choices=[('others', 'data of other people, Art. 15(4)'), ('secret', 'business secret'), ('security', 'security of the service')], max_length=10, verbose_name='ground')),
                ('redacted', models.TextField(blank=True, verbose_name='version that is given')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='findings', to='dsar.request')),
            ],
            options={
                'verbose_name': 'value to review',
                'verbose_name_plural': 'values to review',
                'ordering': ['table', 'row_key', 'field'],
                'indexes': [models.Index(fields=['request', 'table', 'conversation'], name='finding_by_conversation')],
                'constraints': [models.UniqueConstraint(fields=('request', 'table', 'row_key', 'field'), name='finding_once'), models.CheckConstraint(condition=models.Q(models.Q(('verdict', 'withhold'), _negated=True), models.Q(('ground', ''), _negated=True), _connector='OR'), name='finding_withheld_has_ground', violation_error_message='Say on which ground the value is withheld.')],
            },
        ),
        migrations.CreateModel(
            name='ErasurePlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.CharField(max_length=16, verbose_name='revision of the data map')),
                ('lines', models.JSONField(default=list, verbose_name='plan')),
                ('mentions', models.JSONField(default=dict, verbose_name='mentions in other records')),
                ('includes_namesakes', models.BooleanField(default=False, verbose_name='also remove mere mentions of the name')),
                ('fingerprint', models.CharField(max_length=64, verbose_name='fingerprint of the plan')),
                ('planned_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='planned')),
                ('executed_at', models.DateTimeField(blank=True, null=True, verbose_name='executed')),
                ('deleted', models.JSONField(default=dict, verbose_name='deleted rows by table')),
                ('rewritten', models.PositiveIntegerField(default=0, verbose_name='rows with mentions removed')),
                ('files_removed', models.PositiveIntegerField(default=0, verbose_name='files removed')),
                ('sealed_identifiers', models.TextField(blank=True, default='', editable=False, verbose_name='identifiers, encrypted')),
                ('verified_at', models.DateTimeField(blank=True, null=True, verbose_name='verified')),
                ('left_over', models.JSONField(default=dict, verbose_name='found after the erasure')),
                ('acknowledged', models.JSONField(default=dict, verbose_name='judged to be lawful')),
                ('places_searched', models.PositiveIntegerField(default=0, verbose_name='places searched')),
                ('request', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='plan', to='dsar.request')),
            ],
            options={
                'verbose_name': 'erasure plan',
                'verbose_name_plural': 'erasure plans',
            },
        ),
        migrations.CreateModel(
            name='RequestEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('received', 'received'), ('identified', 'person found'), ('suspended', 'clock stopped: waiting for the person'), ('resumed', 'clock goes on'), ('extended', 'extended by two months'), ('collected', 'data collected'), ('reviewed', 'review finished'), ('packaged', 'package made'), ('delivered', 'package downloaded'), ('planned', 'erasure planned'), ('approved', 'approved by a second person'), ('rejected', 'rejected by a second person'), ('erased', 'erased'), ('verified', 'erasure verified'), ('closed', 'closed')], max_length=12, verbose_name='event')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='dsar.request')),
            ],
            options={
                'verbose_name': 'event of a request',
                'verbose_name_plural': 'events of requests',
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='RequestPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject_id', models.UUIDField(db_index=True, verbose_name='person')),
                ('confirmed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='confirmed')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='people', to='dsar.request')),
            ],
            options={
                'verbose_name': 'person of a request',
                'verbose_name_plural': 'persons of requests',
                'constraints': [models.UniqueConstraint(fields=('request', 'subject_id'), name='requestperson_once')],
            },
        ),
        migrations.CreateModel(
            name='RequestRecord',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('table', models.CharField(max_length=60, verbose_name='table')),
                ('row_key', models.CharField(max_length=40, verbose_name='row')),
                ('confirmed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='confirmed')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='records', to='dsar.request')),
            ],
            options={
                'verbose_name': 'record without a contact',
                'verbose_name_plural': 'records without a contact',
                'ordering': ['table', 'id'],
                'constraints': [models.UniqueConstraint(fields=('request', 'table', 'row_key'), name='requestrecord_once')],
            },
        ),
    ]
