"""The agents' ticket page, and the fragments that keep it fresh while it is open."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, requires
from outbox import clock
from tickets.choices import Channel
from tickets.forms.composer import ComposerForm
from tickets.forms.table import ACTIONS
from tickets.models import Ticket
from tickets.permissions import may
from tickets.selectors import ticket_page as selectors
from tickets.selectors.play import lease_of
from tickets.selectors.writing import draft_of
from tickets.services.articles import article_link
from tickets.services.seen import mark_seen
from tickets.timeline import KINDS, entries, of_kind
from tickets.views import presence as presence_views
from tickets.wording import reason_texts

#: Lines of one page of the timeline.
_EVENTS = 400
_DIGITS = 19  # of an id
#: What remains to be done with a ticket that was merged into another one: its misses are explained and seen.
_ON_MERGED = frozenset({"breach_reason", "acknowledge", "unmerge"})


@require_GET
@requires("workspace.enter")
def ticket(request: SignedInRequest, number: str) -> HttpResponse:
    """One ticket from the inside."""
    return page(request, selectors.workable_ticket(user=request.user, number=number))


def page(
    request: SignedInRequest, row: Ticket, *, composer: ComposerForm | None = None, status: int = 200
) -> HttpResponse:
    """The whole page, with what was typed when ``composer`` comes back with errors."""
    context = panels(request, row)
    talk = context["conversation"]
    context["composer"] = composer or composer_of(request, row, talk.last_id)
    if "note" in context["may"]:
        context |= presence_views.on_page(request.user, row, context["server_now"])
    context["history"] = selectors.history_of(ticket=row, user=request.user)
    return render(request, "tickets/ticket.html", context, status=status)


def composer_of(request: SignedInRequest, row: Ticket, last_id: int) -> ComposerForm:
    """The composer with what this person left in it; one that came back shows what came in between."""
    kept = draft_of(ticket=row, user=request.user)
    form = ComposerForm(ticket=row, user=request.user, last_id=last_id, kept=kept)
    if kept is not None and kept.returned:
        form.stale, form.meanwhile = True, selectors.messages_after(ticket=row, pk=kept.seen)
    return form


def panels(request: SignedInRequest, row: Ticket, *, seen: bool = True) -> dict[str, Any]:
    """Context of everything on the page that changes by itself; who gets it has ``seen`` it."""
    now = clock.now()
    newest: Any = row
    if seen and newest.last_event_id > newest.seen_event_id:
        mark_seen(ticket=row, actor=request.user, event_id=newest.last_event_id)
    context = selectors.panels(ticket=row, user=request.user, now=now, whole="all" in request.GET)
    context["server_now"] = now  # the page has one instant
    context["lease"] = lease_of(ticket=row, now=now)
    context |= _actions(request, row, context["may"])
    context["why"] = [
        (_("Severity"), reason_texts(row.grading)),
        (_("Team and person"), reason_texts(row.routing)),
    ]
    calls = not row.is_unresolved and not row.merged_into_id and request.user.may("survey.log_call")
    by_alert = row.channel == Channel.ALERT
    by_chat = row.channel == Channel.CHAT
    context["chat_url"] = selectors.address_of("chat:ticket", row.number) if by_chat else ""
    context["alerts_url"] = selectors.address_of("alerts:ticket", row.number) if by_alert else ""
    context["log_call"] = selectors.address_of("feedback:log_call", row.number) if calls else ""
    return context


def _actions(request: SignedInRequest, row: Ticket, allowed: frozenset[str]) -> dict[str, Any]:
    """Where the actions lead that this person may do now, and what their links say."""
    offered = allowed & _ON_MERGED if row.merged_into_id else allowed
    forms = {name: form for name, form in ACTIONS.items() if name in offered and form.allowed(row, request.user)}
    return {
        "actions": {name: reverse(f"workspace:{name}", args=[row.number]) for name in forms},
        "labels": {name: form.link or form.title for name, form in forms.items()}
        | {"edit": _("Edit"), "change": _("Change"), "link_short": _("Link")},
        "max_bytes": settings.ATTACHMENT_MAX_BYTES,
    }


@require_GET
@requires("workspace.enter")
def live(request: SignedInRequest, number: str) -> HttpResponse:
    """Fragment: the changed parts, each for its own place; what is being typed is in none of them.

    `seen` says that the page is in sight; a hidden one fetches too, but nobody reads it.
    """
    row = selectors.workable_ticket(user=request.user, number=number)
    return render(request, "tickets/_live.html", panels(request, row, seen="seen" in request.GET))


@require_GET
@requires("workspace.enter")
def timeline(request: SignedInRequest, number: str) -> HttpResponse:
    """Every event in words, the newest first, page by page; a page of its own, and a fragment for the ticket page."""
    row = selectors.workable_ticket(user=request.user, number=number)
    kind, place = request.GET.get("kind", ""), request.GET.get("before", "")
    kind = kind if kind in KINDS else ""
    before = int(place) if place.isascii() and place.isdigit() and len(place) < _DIGITS else 0
    rows = of_kind(row.events.order_by("-id"), kind)
    events = list((rows.filter(id__lt=before) if before else rows)[: _EVENTS + 1])
    tabs = [{"label": _("Everything"), "href": "?", "current": not kind}]
    tabs += [{"label": label, "href": f"?kind={name}", "current": name == kind} for name, label in KINDS.items()]
    context = {"ticket": row, "lines": entries(events[:_EVENTS]), "tabs": tabs, "first": f"?kind={kind}"}
    context["here"] = f"?kind={kind}&before={before}" if before else f"?kind={kind}"
    context["older"] = f"?kind={kind}&before={events[_EVENTS - 1].pk}" if len(events) > _EVENTS else ""
    return render(request, "tickets/_timeline.html" if request.htmx else "tickets/timeline.html", context)


@require_GET
@requires("workspace.enter")
def related(request: SignedInRequest, number: str) -> HttpResponse:
    """Similar past tickets and articles: sought after the page stands, because ranking takes longer than reading."""
    row = selectors.workable_ticket(user=request.user, number=number)
    context = {
        "ticket": row,
        "similar": selectors.similar_tickets(ticket=row, user=request.user),
        "articles": [(one, article_link(one)) for one in selectors.articles_for(ticket=row, user=request.user)],
        "linked": selectors.linked_articles(ticket=row, user=request.user),
        "writes": may(request.user, "reply", row) and not row.merged_into_id,
    }
    return render(request, "tickets/_related.html" if request.htmx else "tickets/related.html", context)
