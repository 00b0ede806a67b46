import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sla", "0009_more_metrics"),
        ("tickets", "0017_slim_indexes"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="clock",
            name="clock_ticket",
        ),
        migrations.AlterField(
            model_name="clock",
            name="ticket",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="clocks",
                to="tickets.ticket",
                verbose_name="ticket",
            ),
        ),
    ]
