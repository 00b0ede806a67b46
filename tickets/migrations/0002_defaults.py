"""The severity matrix of a fresh install (mission.md 2.1) and the sequence that ticket numbers come from."""

from django.db import migrations

MATRIX = {
    "business": {"blocked": "S", "impaired": "S", "normal": "A", "none": "B"},
    "many": {"blocked": "A", "impaired": "A", "normal": "A", "none": "B"},
    "few": {"blocked": "A", "impaired": "A", "normal": "B", "none": "B"},
    "one": {"blocked": "A", "impaired": "B", "normal": "B", "none": "B"},
}


def create(apps, schema_editor):
    SeverityCell = apps.get_model("tickets", "SeverityCell")
    SeverityCell.objects.bulk_create(
        SeverityCell(impact=impact, urgency=urgency, severity=severity)
        for impact, row in MATRIX.items()
        for urgency, severity in row.items()
    )
    SeverityRaise = apps.get_model("tickets", "SeverityRaise")
    for lower, higher in (("B", "A"), ("A", "S")):
        SeverityRaise.objects.create(
            service_level="key_account", from_severity=lower, to_severity=higher, is_active=False
        )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE tickets_ticket_number START 100001", "DROP SEQUENCE tickets_ticket_number"),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
