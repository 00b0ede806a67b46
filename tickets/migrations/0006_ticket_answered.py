from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0005_audit")]

    operations = [
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("first_response_at__isnull", False)),
                fields=["first_response_at"],
                name="ticket_answered",
            ),
        ),
    ]
