"""What the administrator may not save."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import IntegrityError, connection, transaction
from django.forms import modelform_factory

from accounts.models import Organization
from sla.admin import CalendarForm
from sla.models import Calendar, Policy

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("weekly", "right"),
    [
        ('{"mon": [["09:00", "18:00"]]}', True),
        ('{"mon": []}', False),
        ('{"mon": [["18:00", "nine"]]}', False),
    ],
)
def test_a_calendar_has_working_hours(weekly: str, right: bool) -> None:
    form_class = modelform_factory(
        Calendar, form=CalendarForm, fields=["name", "name_en", "code", "zone", "weekly_hours"]
    )
    data = {"name": "c", "name_en": "c", "code": "c", "zone": "Asia/Shanghai", "weekly_hours": weekly}
    form = form_class(data)
    assert form.is_valid() is right, form.errors
    assert right or list(form.errors) == ["weekly_hours"]


class TestServiceLevels:
    def test_the_form_offers_those_of_organizations(self, rf, admin_user) -> None:
        request = rf.get("/")
        request.user = admin_user
        form = admin.site.get_model_admin(Policy).get_form(request)({"name": "Gold", "service_level": "gold"})
        assert [value for value, _label in form.fields["service_level"].choices] == [
            "",
            *Organization.ServiceLevel.values,
        ]
        assert "service_level" in form.errors

    def test_the_database_knows_no_other(self) -> None:
        Policy.objects.create(name="any", service_level="")
        with pytest.raises(IntegrityError, match="policy_service_level_known"), transaction.atomic():
            Policy.objects.create(name="typed", service_level="key-account")

    def test_what_was_typed_before_is_kept_switched_off(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE sla_policy DROP CONSTRAINT policy_service_level_known")
        Policy.objects.create(name="Guessed", service_level="Key Account")
        Policy.objects.create(name="Unknown", service_level="platinum")
        Policy.objects.create(name="Right", service_level="standard")
        import_module("sla.migrations.0007_service_level_known").mend(apps, None)
        rows = Policy.objects.filter(name__regex="^(Guessed|Unknown|Right)").order_by("pk")
        assert list(rows.values_list("name", "service_level", "is_active")) == [
            ("Guessed", "key_account", False),
            ("Unknown (service level “platinum” is unknown)", "", False),
            ("Right", "standard", True),
        ]
