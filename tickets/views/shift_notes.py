"""Hand-over notes: written at the end of a shift, shown to the next one until it has read them, kept in a list."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import requires
from accounts.models import User
from outbox import clock
from outbox.form_errors import add_errors
from tickets.forms.shift import ShiftNoteForm
from tickets.models import ShiftNote
from tickets.permissions import works_for
from tickets.selectors import shift_notes as selectors
from tickets.selectors.absences import leaving
from tickets.selectors.board import teams_for
from tickets.selectors.shift_draft import draft
from tickets.services.shift_notes import mark_read
from tickets.views.board import CODES, board_address, chosen_team
from tickets.views.lead import said

_LARGEST_ID = 2**63 - 1


def top(user: User) -> dict[str, Any]:
    """What stands above the queue: notes to read, and the absence before which one hands over."""
    now = clock.in_query()
    return {"unread_notes": selectors.unread(user=user, now=now), "leaving": leaving(user=user, now=now)}


@require_GET
@requires("workspace.enter")
def above_queue(request: HttpRequest) -> HttpResponse:
    """The fragment above the queue, after something of it was done."""
    user: Any = request.user
    return render(request, "tickets/_shift_top.html", top(user))


@require_GET
@requires(*CODES)
def notes(request: HttpRequest, team: int) -> HttpResponse:
    """The notes of a team, the newest first."""
    chosen = chosen_team(request, team)
    user: Any = request.user
    place = request.GET.get("after", "")
    after = int(place) if place.isascii() and place.isdigit() else 0
    page = selectors.past(user=user, team=chosen, after=min(after, _LARGEST_ID))
    context = {"team": chosen, "page": page, "is_first": not after, "may_note": works_for(user, chosen)}
    return render(request, "tickets/shift_notes.html", context | {"back": board_address(chosen)})


@require_http_methods(["GET", "POST"])
@requires("ticket.work")
def write(request: HttpRequest, team: int) -> HttpResponse:
    """A note, drafted from how things stand; sent, it stands on the board and above the queue."""
    chosen = chosen_team(request, team)
    actor: Any = request.user
    if not works_for(actor, chosen):
        raise Http404
    if request.method == "GET":
        facts = draft(user=actor, team=chosen, now=clock.now())
        form = ShiftNoteForm(initial={"body": facts.body, "tickets": " ".join(facts.numbers)})
        return _form(request, form, chosen)
    form = ShiftNoteForm(request.POST)
    if form.is_valid():
        try:
            form.perform(team=chosen, actor=actor)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return said(request, _("The next shift will find your note."), back=board_address(chosen))
    return _form(request, form, chosen, status=422)


def _form(request: HttpRequest, form: ShiftNoteForm, team: Any, status: int = 200) -> HttpResponse:
    template = "tickets/_shift_write.html" if request.htmx else "tickets/shift_write.html"  # type: ignore[attr-defined]
    return render(request, template, {"form": form, "team": team, "back": board_address(team)}, status=status)


@require_POST
@requires(*CODES)
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that one has read a note."""
    user: Any = request.user
    note = get_object_or_404(ShiftNote.objects.filter(team__in=teams_for(user=user)), pk=pk)
    mark_read(note=note, actor=user, now=clock.now())
    back = reverse("workspace:queue") if request.POST.get("from") == "queue" else board_address(note.team)
    return said(request, _("Noted as read."), back=back)
