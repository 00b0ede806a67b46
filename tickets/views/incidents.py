"""Known incidents: what customers read, and where colleagues write it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, requires
from outbox import clock
from tickets.forms.incidents import IncidentForm, NewsForm
from tickets.models import Incident, Ticket
from tickets.selectors import incidents as selectors
from tickets.selectors.ticket_page import workable_ticket
from tickets.services.incidents import follow_incident, unfollow_incident


@require_GET
def incident_list(request: HttpRequest) -> HttpResponse:
    """What is known at present, and what was over lately; for everybody."""
    context = {"incidents": selectors.open_incidents(), "over": selectors.over_incidents(now=clock.now())}
    return render(request, "tickets/portal/incidents.html", context)


@require_GET
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """One incident with all that was told; for everybody."""
    row = get_object_or_404(Incident.objects.prefetch_related("modules", "news"), pk=pk)
    user: Any = request.user
    context = {"incident": row, "follows": selectors.follows(incident=row, user=user)}
    return render(request, "tickets/portal/incident.html", context)


@require_POST
@requires()
def follow(request: SignedInRequest, pk: int) -> HttpResponse:
    """Hear of it from now on, or no longer (`stop`)."""
    row = get_object_or_404(Incident, pk=pk)
    if "stop" in request.POST:
        unfollow_incident(incident=row, user=request.user)
        messages.success(request, _("You hear nothing more of this incident."))
    else:
        follow_incident(incident=row, user=request.user)
        messages.success(request, _("We tell you as soon as there is news."))
    return redirect("portal:incident", pk=pk)


@require_GET
@requires("incident.tell")
def desk(request: SignedInRequest) -> HttpResponse:
    """The colleagues' list."""
    context = {"incidents": selectors.open_incidents(), "over": selectors.over_incidents(now=clock.now())}
    return render(request, "tickets/incidents.html", context)


@require_http_methods(["GET", "POST"])
@requires("incident.tell")
def announce(request: SignedInRequest) -> HttpResponse:
    """Write a new one, perhaps about a ticket that is named in the address."""
    ticket = _named_ticket(request)
    first = {"name": ticket.subject[:120], "modules": [ticket.module_id] if ticket.module_id else []} if ticket else {}
    form = IncidentForm(request.POST or None, initial=first)
    if request.method == "POST" and (told := form.tell(actor=request.user, ticket=ticket)):
        messages.success(request, _("Customers read it from now on."), extra_tags="draft-done:incident-new")
        return redirect("workspace:incident", pk=told.pk)
    context = {"form": form, "ticket": ticket}
    return render(request, "tickets/incident_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("incident.tell")
def tell(request: SignedInRequest, pk: int) -> HttpResponse:
    """One incident from the inside: what was told, and how it goes on."""
    rows = Incident.objects.select_related("ticket").prefetch_related("modules", "news__author")
    row = get_object_or_404(rows, pk=pk)
    form = NewsForm(request.POST or None, initial={"state": row.state})
    if request.method == "POST" and form.send(incident=row, actor=request.user):
        messages.success(request, _("Told to everybody who follows it."), extra_tags=f"draft-done:incident-{pk}")
        return redirect("workspace:incident", pk=pk)
    seen = Ticket.objects.workable_by(request.user).filter(pk=row.ticket_id).exists()
    context = {"incident": row, "form": form, "sees_ticket": seen, "followers": row.followers.count()}
    return render(request, "tickets/incident.html", context, status=422 if form.errors else 200)


def _named_ticket(request: SignedInRequest) -> Ticket | None:
    number = request.GET.get("ticket", "")
    return workable_ticket(user=request.user, number=number[:20].replace("\x00", "")) if number else None
