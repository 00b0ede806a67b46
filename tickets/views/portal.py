"""The customer's side: my tickets, and one ticket, signed in or by a private link."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.access import requires
from outbox import clock
from outbox.bounds import bounded
from outbox.form_errors import add_errors
from tickets import permissions
from tickets.choices import Channel
from tickets.doors import Door, by_link, by_sign_in, keep_private
from tickets.forms_portal import ConfirmForm, ContestForm, MessageForm, RefuteForm, UrgeForm
from tickets.limits import may_act
from tickets.models import Attachment, Message, Ticket
from tickets.promises import promises_of_ticket
from tickets.recording import MINUTES, may_record
from tickets.selectors.queue import COUNTED
from tickets.services.conversation import customer_message, opens_again
from tickets.services.grades import contest
from tickets.services.links import mint_status_link
from tickets.services.moves import confirm_solution, refute_solution
from tickets.services.urging import urge, urges_again_at
from tickets.story import for_list, next_of, story_of

_PAGE = 20


@requires()
@require_GET
def ticket_list(request: HttpRequest) -> HttpResponse:
    """My tickets and, for those who may see them, my organization's; open or solved, newest first."""
    user: Any = request.user
    sees_all = user.sees_organization and user.organization_id is not None and user.is_customer
    whose = request.GET.get("whose") if sees_all else "mine"
    rows = Ticket.objects.visible_to(user)
    rows = rows.filter(requester=user) if whose == "mine" else rows.filter(_around(user))
    closed = Q(status__in=["resolved", "closed"])
    by_state = {"open": rows.filter(~closed), "solved": rows.filter(closed)}
    # No further than they are shown: an organization may have a hundred thousand.
    counts = {name: those.order_by()[:COUNTED].count() for name, those in by_state.items()}
    state = "solved" if request.GET.get("state") == "solved" else "open"
    page, more = _keyset(by_state[state], request.GET.get("before", ""))
    context = {
        "tickets": [{"ticket": ticket, "next": next_of(ticket)} for ticket in page],
        "tabs": _tabs(state, whose, counts),
        "state": state,
        "whose": whose,
        "sees_all": sees_all,
        "older": page[-1].pk if more else None,
        "began": not request.GET.get("before"),
    }
    return render(request, "tickets/portal/list.html", context)


def _around(user: Any) -> Q:
    """Oneself and, with the right to it, the whole organization; what one sees as staff is not listed here."""
    mine = Q(requester=user)
    return mine | Q(organization_id=user.organization_id) if user.sees_organization and user.organization_id else mine


def _keyset(rows: Any, before: str) -> tuple[list[Ticket], bool]:
    """One page below the id ``before``, and whether there is more: as quick on page 500 as on page 1."""
    if before.isascii() and before.isdigit() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    found = list(for_list(rows.order_by("-pk"))[: _PAGE + 1])
    return found[:_PAGE], len(found) > _PAGE


def _tabs(state: str, whose: str | None, counts: dict[str, int]) -> list[dict]:
    kept = f"&whose={whose}" if whose else ""
    return [
        {"label": label, "href": f"?state={name}{kept}", "current": state == name, "count": counts[name]}
        for name, label in (("open", _("Open")), ("solved", _("Solved")))
    ]


@may_record
@requires()
@require_GET
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    """One ticket, for somebody who is signed in."""
    return _page(request, by_sign_in(request.user, number))  # type: ignore[arg-type]


@may_record
@bounded(files=True)
@requires()
@require_POST
def act(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """What the customer does with the ticket; colleagues who merely see it are not found here."""
    return _act(request, by_sign_in(request.user, number), action)  # type: ignore[arg-type]


@may_record
@require_GET
def status(request: HttpRequest, token: str) -> HttpResponse:
    """The same page by a private link, without an account."""
    return keep_private(_page(request, by_link(token, now=clock.now())))


@may_record
@bounded(files=True)
@require_POST
def status_act(request: HttpRequest, token: str, action: str) -> HttpResponse:
    """The same actions by a private link."""
    return keep_private(_act(request, by_link(token, now=clock.now()), action))


@require_GET
def status_file(request: HttpRequest, token: str, pk: int) -> HttpResponseBase:
    """A file of the conversation by a private link; files of internal notes are not found."""
    from tickets.views.attachments import serve

    door = by_link(token, now=clock.now())
    told = Message.objects.filter(ticket=door.ticket, kind__in=("customer", "public", "automatic"))
    return keep_private(serve(request, get_object_or_404(Attachment, pk=pk, message__in=told)))


def _page(
    request: HttpRequest, door: Door, typed: dict[str, forms.Form] | None = None, code: int = 200
) -> HttpResponse:
    whole = "all" in request.GET
    story = story_of(door.ticket, reader=door.user, file_url=door.file, whole=whole)
    may = {name: permissions.may(door.user, name, door.ticket) for name in permissions.CUSTOMER_ACTIONS}
    may["contest"] &= door.ticket.is_unresolved and not (story.contest and story.contest.state == "open")
    may["urge"] &= door.ticket.is_unresolved
    may["follow"] &= door.ticket.merged_into_id is not None
    now, again_at = clock.now(), urges_again_at(door.ticket)
    shown = {
        "message": MessageForm(),
        "refute": RefuteForm(),
        "contest": ContestForm(present=door.ticket.severity),
        **(typed or {}),
    }
    context = {
        "story": story,
        "ticket": door.ticket,
        "door": door,
        "whole": whole,
        "may": may,
        "forms": shown,
        "opens_again": opens_again(closed_at=door.ticket.closed_at, now=now),
        "urge_again_at": again_at if again_at and now < again_at else None,
        "urls": {name: door.action(name) for name in _ACTIONS},
        "promised": promises_of_ticket(door.ticket),
        "max_files": settings.ATTACHMENTS_PER_MESSAGE,
        "max_bytes": settings.ATTACHMENT_MAX_BYTES,
        "minutes": MINUTES,
        "problems": [str(error) for form in (typed or {}).values() for error in form.non_field_errors()],
    }
    return render(request, "tickets/portal/ticket.html", context, status=code)


def _act(request: HttpRequest, door: Door, action: str) -> HttpResponse:
    if action not in _ACTIONS or not permissions.may(door.user, action, door.ticket):
        raise Http404
    make, perform, thanks = _ACTIONS[action]
    form = make(request, door)
    if form.is_valid():
        now = clock.now()
        if not may_act(door.user, now=now, by_link_of=door.ticket if door.token else None):
            form.add_error(None, _("That was a lot in one hour. Please wait a little; your words are kept here."))
            return _page(request, door, {action: form}, 429)
        try:
            target = perform(door, form.cleaned_data) or door.page
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, thanks, extra_tags=_draft_done(door.ticket, action))
            return redirect(target)
    return _page(request, door, {action: form}, 422)


def _draft_done(ticket: Ticket, action: str) -> str:
    """What ``action`` used up. The draft bears the number of the page it was typed on, also where a new ticket came."""
    if action in ("urge", "follow"):  # have no words
        return ""
    part = {"message": "", "contest": "-contest"}.get(action, "-refute")
    return f"draft-done:ticket-{ticket.number}{part}"


def _write(door: Door, data: dict[str, Any]) -> str | None:
    message = customer_message(
        ticket=door.ticket,
        author=door.user,
        body=data["body"],
        channel=Channel.WEB if door.token else Channel.PORTAL,
        files=data["files"],
    )
    if message.ticket_id == door.ticket.pk:
        return None
    # It went to the ticket that this one was merged into, or became one of its own, long after closing.
    return _beyond(door, message.ticket)


def _beyond(door: Door, ticket: Ticket) -> str:
    """The page of another ticket of the same customer, by a door of the same kind."""
    if door.token:
        return mint_status_link(ticket=ticket, user=door.user, now=clock.now())
    return Door(ticket, door.user).page


def _confirm(door: Door, data: dict[str, Any]) -> None:
    confirm_solution(ticket=door.ticket, actor=door.user, cycle=door.ticket.cycle)


def _refute(door: Door, data: dict[str, Any]) -> None:
    refute_solution(ticket=door.ticket, actor=door.user, comment=data["comment"], cycle=door.ticket.cycle)


def _contest(door: Door, data: dict[str, Any]) -> None:
    contest(ticket=door.ticket, actor=door.user, wanted=data["wanted"], reason=data["reason"])


def _urge(door: Door, data: dict[str, Any]) -> None:
    urge(ticket=door.ticket, actor=door.user)


def _follow(door: Door, data: dict[str, Any]) -> str:
    """From a merged ticket to the one that goes on. A POST, because it may make a private link."""
    if door.ticket.merged_into is None:
        raise Http404
    return _beyond(door, door.ticket.merged_into)


_Action = tuple[Callable[[HttpRequest, Door], forms.Form], Callable[[Door, dict[str, Any]], str | None], Any]
_ACTIONS: dict[str, _Action] = {
    "message": (
        lambda request, door: MessageForm(request.POST, request.FILES),
        _write,
        gettext_lazy("Thank you, your message is with us."),
    ),
    "confirm": (
        lambda request, door: ConfirmForm(request.POST),
        _confirm,
        gettext_lazy("Thank you! The ticket is closed. If the problem comes back, just write here."),
    ),
    "refute": (
        lambda request, door: RefuteForm(request.POST),
        _refute,
        gettext_lazy("We are sorry. The ticket is open again, and the team lead knows."),
    ),
    "contest": (
        lambda request, door: ContestForm(request.POST, present=door.ticket.severity),
        _contest,
        gettext_lazy("Thank you. The team lead looks at it and tells you."),
    ),
    "urge": (
        lambda request, door: UrgeForm(request.POST),
        _urge,
        gettext_lazy("We know that you are waiting. Your ticket moved up, and who works on it was told."),
    ),
    "follow": (
        lambda request, door: ConfirmForm(request.POST),
        _follow,
        gettext_lazy("Here we go on with your problem."),
    ),
}
