"""Fragments that say who else is on a ticket right now, and the beat by which a page says that it is looked at."""

import hashlib
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, requires
from accounts.models import User
from outbox import clock
from tickets.models import Ticket
from tickets.permissions import may
from tickets.presence import Present, beat, leave, present

_ROWS = 100  # more than a page of the queue shows
_DIGITS = 18  # of an id


@require_POST
@requires("workspace.enter")
def here(request: SignedInRequest, number: str) -> HttpResponse:
    """«I look at this ticket», «I write», «I leave»; answered by who else does, or 204 when that is shown already."""
    rows = Ticket.objects.workable_by(request.user).only("pk", "number", "team", "requester")
    row = rows.filter(number=number).first()
    if row is None or not may(request.user, "note", row):
        raise Http404
    if request.POST.get("leave"):
        leave(ticket=row, user=request.user)
        return HttpResponse(status=204)
    now = clock.now()
    beat(ticket=row, user=request.user, writes=request.POST.get("writes", ""), now=now)
    context = on_page(request.user, row, now)
    if request.POST.get("shown", "") == context["here_mark"]:  # once is enough: readers of screens hear every change
        return HttpResponse(status=204)
    return render(request, "tickets/_colleagues.html", context)


def on_page(user: User, row: Ticket, now: datetime) -> dict[str, Any]:
    """Context of ``_colleagues.html`` for somebody who may write on ``row``."""
    found = present(tickets=[row.pk], besides=user, now=now)
    return {"here": found.get(row.pk, []), "here_mark": mark_of(found)}


@require_GET
@requires("workspace.enter")
def queue(request: SignedInRequest) -> HttpResponse:
    """Who is on the tickets of an open queue; 204 when that is shown already."""
    named = request.GET.get("rows", "").split(",")[:_ROWS]
    wanted = [int(pk) for pk in named if pk.isascii() and pk.isdigit() and len(pk) <= _DIGITS]
    seen = Ticket.objects.workable_by(request.user).filter(pk__in=wanted)
    context = in_queue(request.user, list(seen.values_list("pk", flat=True)), clock.now())
    if request.GET.get("shown", "") == context["here_mark"]:
        return HttpResponse(status=204)
    context["here_rows"] = [(pk, context["here_by_row"].get(pk, [])) for pk in context["here_keys"]]
    return render(request, "tickets/_queue_presence.html", context)


def in_queue(user: User, rows: list[int], now: datetime) -> dict[str, Any]:
    """Context of ``_queue_presence.html`` for the tickets (ids) that ``user`` sees from the inside."""
    found = present(tickets=rows, besides=user, now=now) if user.may("ticket.note") else {}
    return {"here_by_row": found, "here_keys": rows, "here_mark": mark_of(found)}


def mark_of(found: dict[int, list[Present]]) -> str:
    """Changes whenever something else is to be shown; empty for nobody."""
    told = [(pk, [(one.user.pk, one.writes) for one in here]) for pk, here in sorted(found.items())]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12] if told else ""
