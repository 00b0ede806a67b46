"""The team board: duty, load, and what falls due in the next two hours."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import requires
from accounts.models import Team, User
from accounts.selectors import members
from accounts.services import duty
from outbox import clock
from tickets.forms.handling import TakeForm
from tickets.forms.handover import HandOverForm
from tickets.forms.lead import GiveBackForm, ReassignForm
from tickets.permissions import works_for
from tickets.selectors import board as selectors
from tickets.selectors.absences import strip
from tickets.selectors.queue import counts
from tickets.views.lead import act, rail, said

#: Any of these opens a board.
CODES = ("ticket.view_team", "ticket.view_all")
_ACTIONS = {"reassign": ReassignForm, "hand-over": HandOverForm, "take": TakeForm, "give-back": GiveBackForm}


@require_GET
@requires(*CODES)
def board(request: HttpRequest) -> HttpResponse:
    """The board of one team; for htmx its live part, or 204 when that would look the same."""
    user: Any = request.user
    teams = selectors.teams_for(user=user)
    team = selectors.choose_team(user=user, teams=teams, wanted=request.GET.get("team", ""))
    now = clock.now()
    context: dict[str, Any] = {"team": team, "server_now": now}
    if team is not None:
        context["board"] = selectors.board(user=user, team=team, now=now)
        context["may_note"] = works_for(user, team)
    if request.htmx and team is not None:  # type: ignore[attr-defined]
        if request.GET.get("shown") == context["board"].fingerprint:
            return HttpResponse(status=204)
        return render(request, "tickets/_lead_board.html", context)
    if team is not None:
        context["strip"] = strip(user=user, team=team, now=now)
    context |= {"nav_counts": rail(counts(user=user)), "tabs": _tabs(teams, team)}
    return render(request, "tickets/lead_board.html", context)


def _tabs(teams: list[Team], current: Team | None) -> list[dict]:
    if len(teams) < 2:
        return []
    return [{"label": team.label, "href": board_address(team), "current": team == current} for team in teams]


def board_address(team: Team) -> str:
    """The board of ``team``."""
    return f"{reverse('workspace:board')}?team={team.pk}"


@require_POST
@requires(*CODES)
def switch_duty(request: HttpRequest, team: int, pk: int) -> HttpResponse:
    """Take a member on or off duty: oneself, one's people as a lead, anybody as an administrator."""
    chosen, person = chosen_member(request, team, pk)
    on_duty = request.POST.get("on_duty") == "1"
    actor: Any = request.user
    try:
        duty.set_duty(actor=actor, user=person, on_duty=on_duty, now=clock.now())
    except PermissionDenied as refusal:
        raise Http404 from refusal
    text = _("%(name)s is on duty.") if on_duty else _("%(name)s is off duty; nothing new is assigned.")
    return said(request, text % {"name": person}, back=board_address(chosen))


@require_GET
@requires(*CODES)
def member(request: HttpRequest, team: int, pk: int) -> HttpResponse:
    """The open tickets of one member, to be handed on."""
    chosen, person = chosen_member(request, team, pk)
    user: Any = request.user
    rows = selectors.tickets_of(user=user, person=person)
    context = {"person": person, "team": chosen, "tickets": rows, "back": board_address(chosen)}
    template = "tickets/_lead_member.html" if request.htmx else "tickets/lead_member.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def chosen_member(request: HttpRequest, team: int, pk: int) -> tuple[Team, User]:
    """A team whose board one may open, and an active member of it; else 404."""
    chosen = chosen_team(request, team)
    return chosen, get_object_or_404(members(team=chosen).filter(is_active=True), pk=pk)


def chosen_team(request: HttpRequest, team: int) -> Team:
    """A team whose board one may open, else 404."""
    user: Any = request.user
    chosen = selectors.choose_team(user=user, teams=selectors.teams_for(user=user), wanted=str(team))
    if chosen is None:
        raise Http404
    return chosen


@require_http_methods(["GET", "POST"])
@requires(*CODES)
def board_act(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """Reassign or take a ticket from the board."""
    return act(request, number, _ACTIONS.get(action), back=reverse("workspace:board"))
