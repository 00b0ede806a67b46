from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("sla", "0004_audit")]

    operations = [
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(Coalesce("breached_at", "ended_at"), name="clock_verdict"),
        ),
    ]
