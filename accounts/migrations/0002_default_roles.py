"""The seven roles and the fallback team of a fresh install."""

from django.db import migrations

from accounts.permissions import DEFAULT_ROLES


def create(apps, schema_editor):
    Role = apps.get_model("accounts", "Role")
    for code, (name, name_en, permissions) in DEFAULT_ROLES.items():
        Role.objects.create(code=code, name=name, name_en=name_en, permissions=sorted(permissions))
    Team = apps.get_model("accounts", "Team")
    Team.objects.create(code="service-desk", name="服务台", name_en="Service Desk", is_fallback=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
