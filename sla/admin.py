"""The escalation ladder and calendars. A changed calendar gets its new version at once.

Policies stand in `helpdesk.admin`: their form foretells what they change on tickets.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from outbox import clock
from outbox.admin_base import ReadOnlyAdmin
from sla.deadlines import WorkingCalendar
from sla.hours import parse_week
from sla.models import Calendar, CalendarDay, CalendarVersion, Clock, EscalationStep
from sla.services.calendars import snapshot


@admin.register(EscalationStep)
class EscalationStepAdmin(admin.ModelAdmin):
    list_display = ["severity", "level", "whom", "after_minutes"]
    list_editable = ["whom", "after_minutes"]
    list_filter = ["severity"]


def _check(zone: str, weekly: Any, days: Any, field: str) -> None:
    try:
        WorkingCalendar.from_dict({"zone": zone, "weekly": weekly, "days": days})
    except (ValueError, TypeError, AttributeError) as error:
        raise ValidationError({field: _("This is not a calendar: %(why)s") % {"why": error}}) from error


def _demand_hours(weekly: Any) -> None:
    """Without any, no deadline could be computed, and every ticket that is promised one would be refused."""
    if not any(parse_week(weekly)):
        raise ValidationError({"weekly_hours": _("This is not a calendar: %(why)s") % {"why": "no working hours"}})


class CalendarForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "zone" in data and "weekly_hours" in data:
            _check(data["zone"], {}, {}, "zone")
            _check(data["zone"], data["weekly_hours"], {}, "weekly_hours")
            _demand_hours(data["weekly_hours"])
        return data


@admin.register(Calendar)
class CalendarAdmin(admin.ModelAdmin):
    form = CalendarForm
    list_display = ["name", "name_en", "code", "zone"]
    search_fields = ["name", "name_en", "code"]

    def save_model(self, request: HttpRequest, obj: Calendar, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        snapshot(calendar=obj, now=clock.now())


class CalendarDayForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("calendar") and data.get("date") and "intervals" in data:
            days = {str(data["date"]): data["intervals"] or []}
            _check(data["calendar"].zone, data["calendar"].weekly_hours, days, "intervals")
        return data


@admin.register(CalendarDay)
class CalendarDayAdmin(admin.ModelAdmin):
    form = CalendarDayForm
    list_display = ["date", "name", "calendar", "intervals"]
    list_filter = ["calendar"]
    list_select_related = ["calendar"]
    date_hierarchy = "date"
    search_fields = ["name"]

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        snapshot(calendar=obj.calendar, now=clock.now())

    def delete_model(self, request: HttpRequest, obj: CalendarDay) -> None:
        calendar = obj.calendar
        super().delete_model(request, obj)
        snapshot(calendar=calendar, now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CalendarDay]) -> None:
        calendars = list(Calendar.objects.filter(days__in=queryset).distinct())
        super().delete_queryset(request, queryset)
        for calendar in calendars:
            snapshot(calendar=calendar, now=clock.now())


@admin.register(CalendarVersion)
class CalendarVersionAdmin(ReadOnlyAdmin):
    list_display = ["calendar", "number", "created_at"]
    list_filter = ["calendar"]


@admin.register(Clock)
class ClockAdmin(ReadOnlyAdmin):
    list_display = ["id", "ticket", "metric", "severity", "state", "started_at", "due_at", "breached_at", "ended_at"]
    list_filter = ["state", "metric", "severity"]
    list_select_related = ["ticket"]
    search_fields = ["=ticket__number"]
    show_full_result_count = False
