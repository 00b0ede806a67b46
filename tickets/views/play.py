"""«Next»: the ticket that needs somebody most, held for them while it is open."""

from contextlib import suppress

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import SignedInRequest, requires
from outbox import clock
from tickets.forms.play import PutAsideForm
from tickets.models import Ticket
from tickets.permissions import may
from tickets.selectors.play import lease_of, waiting_for
from tickets.selectors.ticket_page import workable_ticket
from tickets.services import play


@require_http_methods(["GET", "POST"])
@requires("ticket.work")
def next_ticket(request: SignedInRequest) -> HttpResponse:
    """POST opens the next ticket; GET says whether there is one."""
    if request.method == "POST":
        return redirect(_onward(request))
    waiting = waiting_for(user=request.user, now=clock.now()).count()
    return render(request, "tickets/next.html", {"waiting": waiting})


@require_POST
@requires("ticket.work")
def hold_ticket(request: SignedInRequest, number: str) -> HttpResponse:
    """Fragment: the open page goes on holding the ticket, or says who does."""
    row = _workable(request, number)
    with suppress(play.HeldByAnother):
        play.hold(ticket=row, actor=request.user)
    return _line(request, row)


@require_POST
@requires("ticket.work")
def release_ticket(request: SignedInRequest, number: str) -> HttpResponse:
    """Let go of the ticket."""
    row = _workable(request, number)
    play.release(actor=request.user, ticket=row)
    return _line(request, row) if request.htmx else redirect("workspace:ticket", number=number)


@require_http_methods(["GET", "POST"])
@requires("ticket.work")
def put_ticket_aside(request: SignedInRequest, number: str) -> HttpResponse:
    """GET asks why, POST puts it aside and opens the next one."""
    row = _workable(request, number)
    form = PutAsideForm(request.POST if request.method == "POST" else None, ticket=row, user=request.user)
    if request.method == "POST" and form.send():
        address = _onward(request)
        return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
    context = {"ticket": row, "form": form, "max_bytes": settings.ATTACHMENT_MAX_BYTES}
    template = "tickets/_action_form.html" if request.htmx else "tickets/action.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _workable(request: SignedInRequest, number: str) -> Ticket:
    row = workable_ticket(user=request.user, number=number)
    if not may(request.user, "take", row):
        raise Http404
    return row


def _onward(request: SignedInRequest) -> str:
    ticket = play.take_next(actor=request.user)
    if ticket is None:
        return reverse("workspace:next")
    return f"{reverse('workspace:ticket', args=[ticket.number])}?next"


def _line(request: SignedInRequest, row: Ticket) -> HttpResponse:
    fresh = workable_ticket(user=request.user, number=row.number)
    return render(request, "tickets/_lease.html", {"ticket": fresh, "lease": lease_of(ticket=fresh, now=clock.now())})
