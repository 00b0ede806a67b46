from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sla", "0008_whole_days"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="target",
            name="target_metric_known",
        ),
        migrations.AlterField(
            model_name="clock",
            name="metric",
            field=models.CharField(
                choices=[
                    ("first_response", "first response"),
                    ("next_response", "next response"),
                    ("workaround", "workaround"),
                    ("solution_path", "solution path"),
                    ("progress_report", "progress report"),
                    ("progress_update", "progress update"),
                ],
                max_length=20,
                verbose_name="metric",
            ),
        ),
        migrations.AlterField(
            model_name="target",
            name="metric",
            field=models.CharField(
                choices=[
                    ("first_response", "first response"),
                    ("next_response", "next response"),
                    ("workaround", "workaround"),
                    ("solution_path", "solution path"),
                    ("progress_report", "progress report"),
                    ("progress_update", "progress update"),
                ],
                max_length=20,
                verbose_name="metric",
            ),
        ),
        migrations.AlterField(
            model_name="targetevent",
            name="metric",
            field=models.CharField(
                choices=[
                    ("first_response", "first response"),
                    ("next_response", "next response"),
                    ("workaround", "workaround"),
                    ("solution_path", "solution path"),
                    ("progress_report", "progress report"),
                    ("progress_update", "progress update"),
                ],
                max_length=20,
                verbose_name="metric",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "metric__in",
                        [
                            "first_response",
                            "next_response",
                            "workaround",
                            "solution_path",
                            "progress_report",
                            "progress_update",
                        ],
                    )
                ),
                name="target_metric_known",
            ),
        ),
    ]
