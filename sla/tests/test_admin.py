"""What the administrator may not save."""

import pytest
from django.forms import modelform_factory

from sla.admin import CalendarForm
from sla.models import Calendar

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
