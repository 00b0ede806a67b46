import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_defaults")]
    operations = [
        migrations.AddField(
            model_name="ticket",
            name="cycle_started_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="cycle began"),
            preserve_default=False,
        )
    ]
