"""Importing the holidays of a year: choose, see what would be written, write it."""

from typing import Any

import pghistory
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from outbox import clock
from sla.forms import ImportForm
from sla.holidays_source import HolidaysUnknown, special_days
from sla.selectors import NEXT_YEAR_FROM_MONTH, missing_years
from sla.services.calendars import Fate, Planned, import_days, plan_days


@requires("admin.configure")
@require_http_methods(["GET", "HEAD", "POST"])
def import_holidays(request: HttpRequest) -> HttpResponse:
    """GET with a choice shows what it would write; POST of the same choice writes it."""
    given = request.POST if request.method == "POST" else request.GET
    asked = request.method == "POST" or "country" in given
    form = ImportForm(given) if asked else ImportForm(initial=_initial(request))
    planned = _plan(form) if asked and form.is_valid() else []
    if request.method == "POST" and planned:
        return _write(request, form.cleaned_data)
    context: dict[str, Any] = {"form": form, "planned": planned, "missing": missing_years(now=clock.now())}
    if planned:
        fates = [each.fate for each in planned]
        replaces = form.cleaned_data["replace"]
        context |= {
            "added": fates.count(Fate.NEW),
            "otherwise": fates.count(Fate.OTHERWISE),
            "changes": Fate.NEW in fates or (replaces and Fate.OTHERWISE in fates),
            "replaces": replaces,
        }
    return render(request, "sla/import_holidays.html", context, status=422 if form.errors else 200)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What a link names, else the first year that is missing, else the year that somebody would think of now."""
    now = clock.now()
    missing, today = missing_years(now=now), timezone.localtime(now)
    year = missing[0].year if missing else today.year + (today.month >= NEXT_YEAR_FROM_MONTH)
    calendar = missing[0].calendar.pk if missing else None
    named = {name: request.GET[name] for name in ("calendar", "year") if name in request.GET}
    return {"calendar": calendar, "year": year, "country": "CN"} | named


def _plan(form: ImportForm) -> list[Planned]:
    """The days of the form's choice; what is wrong with it becomes an error of the form."""
    data = form.cleaned_data
    try:
        return plan_days(calendar=data["calendar"], special=special_days(data["country"], data["year"]))
    except HolidaysUnknown:
        text = _("The holidays of %(year)s are not known for this country yet. After an upgrade they may be.")
        form.add_error("year", text % {"year": data["year"]})
    except ValueError:
        form.add_error("calendar", _("This calendar has no weekly hours that a make-up day could take."))
    return []


def _write(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    special = special_days(data["country"], data["year"])
    with pghistory.context(import_of=f"{data['country']} {data['year']}"):
        done = import_days(calendar=data["calendar"], special=special, replace=data["replace"], now=clock.now())
    text = _("%(calendar)s: %(added)d days added, %(replaced)d replaced, %(kept)d left as somebody had set them.")
    figures = {"added": done.added, "replaced": done.replaced, "kept": done.kept}
    messages.success(request, text % {"calendar": data["calendar"].label, **figures})
    return redirect("sla:import-holidays")
