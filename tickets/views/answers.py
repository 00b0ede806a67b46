"""«Solved / not solved» by the link of the mail: GET shows, POST acts, each resolution is answered once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from outbox import clock
from outbox.bounds import bounded
from tickets.choices import MessageKind
from tickets.doors import keep_private
from tickets.forms_portal import RefuteForm
from tickets.services.links import open_answer_link, way_in
from tickets.services.moves import confirm_solution, refute_solution


@bounded()
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, take the answer, or say kindly that it was given. Mail scanners follow links, so a GET changes nothing."""
    opened = open_answer_link(token)
    if opened is None:
        raise Http404
    ticket, cycle = opened
    resolution = ticket.resolutions.filter(cycle=cycle, confirmed_at=None, refuted_at=None).first()
    chosen = request.GET.get("answer")  # which link of the mail was followed; the page shows it, only POST takes it
    context: dict[str, Any] = {"ticket": ticket, "form": RefuteForm(), "chosen": chosen}
    if resolution is None or ticket.cycle != cycle or ticket.status != "resolved":
        return keep_private(render(request, "tickets/portal/answer.html", {**context, "state": "spent"}, status=410))
    # What the customer was told; the finding behind it is for the team.
    told = ticket.messages.filter(kind=MessageKind.PUBLIC, created_at=resolution.resolved_at).last()
    context["told"] = told.body if told else ""
    if chosen == "no":
        context["form"].fields["comment"].widget.attrs["autofocus"] = True
    if request.method != "POST":
        return keep_private(render(request, "tickets/portal/answer.html", {**context, "state": "ask"}))
    return keep_private(_take(request, context, cycle))


def _take(request: HttpRequest, context: dict, cycle: int) -> HttpResponse:
    ticket, said = context["ticket"], request.POST.get("answer")
    form = RefuteForm(request.POST)
    if said not in ("solved", "unsolved") or not form.is_valid():
        context |= {"state": "ask", "form": form}
        return render(request, "tickets/portal/answer.html", context, status=422)
    try:
        if said == "solved":
            confirm_solution(ticket=ticket, actor=ticket.requester, cycle=cycle)
        else:
            refute_solution(ticket=ticket, actor=ticket.requester, comment=form.cleaned_data["comment"], cycle=cycle)
    except ValidationError:  # somebody answered between our reading and the lock
        return render(request, "tickets/portal/answer.html", {**context, "state": "spent"}, status=410)
    context["link"] = way_in(ticket=ticket, user=ticket.requester, now=clock.now())
    return render(request, "tickets/portal/answer.html", {**context, "state": said})
