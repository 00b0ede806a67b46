"""Absences of a team: the next four weeks, a period entered for a person, and their tickets handed over before it."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import requires
from accounts.forms import AbsenceForm
from accounts.models import Absence
from accounts.selectors import members
from accounts.services import duty
from outbox import clock
from outbox.form_errors import add_errors
from tickets.forms.shift import HandOverAllForm
from tickets.selectors import absences as selectors
from tickets.selectors.board import tickets_of
from tickets.views.board import CODES, board_address, chosen_member, chosen_team
from tickets.views.lead import said


@require_GET
@requires(*CODES)
def ahead(request: HttpRequest, team: int) -> HttpResponse:
    """Who of the team is away when; for htmx the part of the board."""
    chosen = chosen_team(request, team)
    user: Any = request.user
    strip = selectors.strip(user=user, team=chosen, now=clock.now())
    context = {"team": chosen, "strip": strip, "back": board_address(chosen)}
    return render(request, _template(request, "absences"), context)


@require_http_methods(["GET", "POST"])
@requires(*CODES)
def plan(request: HttpRequest, team: int, pk: int) -> HttpResponse:
    """The absences of one person, and a form for another; for whoever may plan them."""
    chosen, person = chosen_member(request, team, pk)
    actor: Any = request.user
    if not duty.may_plan(actor=actor, user=person):
        raise Http404
    form = AbsenceForm(request.POST if request.method == "POST" else None, user=person)
    if request.method == "POST" and form.is_valid():
        try:
            duty.add_absence(actor=actor, user=person, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return said(request, _("Saved: %(name)s.") % {"name": person}, back=board_address(chosen))
    now = clock.now()
    context = {
        "team": chosen,
        "person": person,
        "form": form,
        "absences": selectors.coming(person=person, now=now),
        "now": now,
        "zone": timezone.get_current_timezone_name(),
        "back": board_address(chosen),
    }
    return render(request, _template(request, "absence"), context, status=422 if form.is_bound else 200)


@require_POST
@requires(*CODES)
def call_off(request: HttpRequest, team: int, pk: int) -> HttpResponse:
    """Call an absence off, or end one that runs."""
    chosen = chosen_team(request, team)
    absence = get_object_or_404(Absence.objects.select_related("user").filter(user__in=members(team=chosen)), pk=pk)
    actor: Any = request.user
    try:
        duty.remove_absence(actor=actor, absence=absence, now=clock.now())
    except PermissionDenied as refusal:
        raise Http404 from refusal
    return said(request, _("Called off: %(name)s.") % {"name": absence.user}, back=board_address(chosen))


@require_http_methods(["GET", "POST"])
@requires("ticket.assign")
def hand_over(request: HttpRequest, team: int, pk: int) -> HttpResponse:
    """The open tickets of one person, given to a colleague with one button."""
    chosen, person = chosen_member(request, team, pk)
    actor: Any = request.user
    absence = selectors.coming(person=person, now=clock.now()).first()
    tickets = list(tickets_of(user=actor, person=person))
    given: dict[str, Any] = {"person": person, "tickets": tickets, "deputy": absence and absence.deputy_id}
    form = HandOverAllForm(request.POST if request.method == "POST" else None, **given)
    if request.method == "POST" and form.is_valid():
        done, refused = form.perform(actor=actor)
        return said(
            request, _words(done, refused), back=board_address(chosen), kind="warning" if refused else "success"
        )
    context = {"team": chosen, "person": person, "form": form, "tickets": tickets, "absence": absence}
    context["back"] = board_address(chosen)
    return render(request, _template(request, "hand_over"), context, status=422 if form.is_bound else 200)


def _words(done: int, refused: list[str]) -> str:
    text = ngettext("%(count)d ticket handed over.", "%(count)d tickets handed over.", done) % {"count": done}
    if refused:
        text += " " + _("These stayed where they are: %(numbers)s.") % {"numbers": ", ".join(refused)}
    return text


def _template(request: HttpRequest, name: str) -> str:
    """The fragment for htmx, the page without."""
    return f"tickets/_lead_{name}.html" if request.htmx else f"tickets/lead_{name}.html"  # type: ignore[attr-defined]
