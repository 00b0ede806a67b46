"""The lead's escalation queue. Every act on a row is one form and one service; the page renders itself again."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts.access import requires
from outbox import clock
from tickets.forms import handling
from tickets.forms.base import ActionForm
from tickets.forms.handover import HandOverForm
from tickets.forms.lead import NoteForm, ReassignForm
from tickets.models import Ticket
from tickets.permissions import may
from tickets.selectors import escalations as selectors
from tickets.selectors.board import choose_team, teams_for
from tickets.selectors.queue import counts
from tickets.selectors.ticket_page import workable_ticket
from tickets.services.lead import acknowledge

#: What can be done to a row, by its name in the address.
ACTIONS: dict[str, type[ActionForm]] = {
    "acknowledge": handling.AcknowledgeForm,
    "take-over": handling.TakeOverForm,
    "reassign": ReassignForm,
    "hand-over": HandOverForm,
    "call-in": handling.CallInForm,
    "comment": NoteForm,
    "decide": handling.ContestForm,
}


@require_GET
@requires("escalation.handle")
def escalations(request: HttpRequest) -> HttpResponse:
    """The page; for htmx its live part, or 204 when that would look the same."""
    user: Any = request.user
    teams = teams_for(user=user)
    wanted = request.GET.get("team", "")
    team = choose_team(user=user, teams=teams, wanted=wanted) if wanted else None
    now = clock.now()
    desk = selectors.desk(user=user, now=now, team=team.pk if team else None)
    context: dict[str, Any] = {
        "desk": desk,
        "team": team,
        "show_team": team is None and len(teams) > 1,
        "server_now": now,
        "soon_minutes": int(selectors.SOON.total_seconds() // 60),
    }
    if request.htmx:  # type: ignore[attr-defined]
        if request.GET.get("shown") == desk.fingerprint:
            return HttpResponse(status=204)
        return render(request, "tickets/_lead_escalations.html", context)
    figures = counts(user=user)
    context |= {"nav_counts": rail(figures), "tabs": _tabs(teams, team)}
    return render(request, "tickets/lead_escalations.html", context)


def rail(figures: dict[str, int]) -> dict[str, int]:
    """The figures on the rail."""
    return {"queue": figures["due"], "mine": figures["mine"], "escalations": figures["escalated"]}


def _tabs(teams: list[Any], current: Any) -> list[dict]:
    if len(teams) < 2:
        return []
    address = reverse("workspace:escalations")
    tabs = [{"label": _("All teams"), "href": address, "current": current is None}]
    return tabs + [
        {"label": team.label, "href": f"{address}?team={team.pk}", "current": team == current} for team in teams
    ]


@require_POST
@requires("escalation.handle")
def acknowledge_selected(request: HttpRequest) -> HttpResponse:
    """Acknowledge every ticket that was ticked; those acknowledged meanwhile are left as they are."""
    numbers = request.POST.getlist("tickets")[: selectors.MOST]
    user: Any = request.user
    rows = Ticket.objects.workable_by(user).numbered(numbers).order_by("pk")
    # One transaction a ticket: a lead never holds the locks of sixty.
    done = len([row for row in rows if may(user, "acknowledge", row) and acknowledge(ticket=row, actor=user)])
    if done:
        text = ngettext("%(count)d ticket acknowledged.", "%(count)d tickets acknowledged.", done) % {"count": done}
    else:
        text = _("Nothing was left to acknowledge.") if numbers else _("Tick the tickets first.")
    return said(request, text, back=reverse("workspace:escalations"), kind="success" if done else "info")


@require_http_methods(["GET", "POST"])
@requires("escalation.handle")
def escalation_act(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """One act on one row."""
    return act(request, number, ACTIONS.get(action), back=reverse("workspace:escalations"))


def act(request: HttpRequest, number: str, form_class: type[ActionForm] | None, *, back: str) -> HttpResponse:
    """GET the form of an action, POST it; what somebody may not do is not there (404)."""
    user: Any = request.user
    row = workable_ticket(user=user, number=number)
    if form_class is None or not (may(user, form_class.action, row) and form_class.allowed(row, user)):
        raise Http404
    if request.method == "GET":
        return _form(request, form_class(ticket=row, user=user), back)
    form = form_class(request.POST, ticket=row, user=user)
    if form.send():
        return said(request, _words(form), back=back, draft=form.draft)
    if not form.fields or form.non_field_errors():
        return said(request, " ".join(str(error) for error in form.non_field_errors()), back=back, kind="error")
    return _form(request, form, back, status=422)


def _form(request: HttpRequest, form: ActionForm, back: str, status: int = 200) -> HttpResponse:
    template = "tickets/_lead_action.html" if request.htmx else "tickets/lead_action.html"  # type: ignore[attr-defined]
    context = {"form": form, "ticket": form.ticket, "back": back}
    if form.action == "assign" and form.ticket.team_id:  # to another team it goes with a note
        here: Any = request.resolver_match
        context["elsewhere"] = reverse(here.view_name, args=[form.ticket.number, "hand-over"])
    return render(request, template, context, status=status)


def _words(form: ActionForm) -> str:
    number = {"number": form.ticket.number}
    if form.action == "acknowledge" and not form.result:
        return _("%(number)s was acknowledged already.") % number
    return f"{form.ticket.number}: {form.done}"


def said(request: HttpRequest, text: str, *, back: str, kind: str = "success", draft: str = "") -> HttpResponse:
    """Say it: as a line in the corner while the page fetches itself again, or on the page one goes back to."""
    if not request.htmx:  # type: ignore[attr-defined]
        messages.add_message(request, getattr(messages, kind.upper()), text, extra_tags=f"draft-done:{draft}")
        return redirect(back)
    response = HttpResponse(status=204)
    trigger_client_event(response, "dialog:close", {})
    trigger_client_event(response, "lead:changed", {})
    return trigger_client_event(response, "toast", {"text": text, "kind": kind})
