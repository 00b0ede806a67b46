"""The agents' queue: views with counts, filters, keyset pages, and what changed since the page was drawn."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, requires
from accounts.models import User
from knowledge.selectors import search_articles
from outbox import clock
from search.vectors import best, query
from tickets.columns import ALWAYS, COLUMNS, columns_for
from tickets.desk import State, UnknownState
from tickets.filters import QueueFilter, condition, gone, narrowed
from tickets.forms.bulk import offered
from tickets.forms.search import SearchForm
from tickets.models import SavedView, Ticket
from tickets.selectors.choices import Choices, filter_choices
from tickets.selectors.orders import ORDERS, BadPlace
from tickets.selectors.queue import PAGE, VIEWS, Page, counts, fingerprint, in_view, of_people_named, page_of
from tickets.selectors.saved_views import usable_views
from tickets.views import bulk, presence

_MAIN = ("q", "severity", "status", "team", "assignee")
_FOUND = 30
_ARTICLES = 6


@dataclass(frozen=True)
class Desk:
    """One answer of the queue: what the address asks for, and what was read for it at one instant."""

    user: User
    now: datetime
    state: State
    after: str
    filter: QueueFilter
    choices: dict[str, Choices]
    views: list[SavedView]
    page: Page
    wrong: bool

    @property
    def saved(self) -> SavedView | None:
        """The saved view that the address comes from."""
        return next((view for view in self.views if view.pk == self.state.saved), None)

    @property
    def columns(self) -> list[str]:
        return columns_for(self.user, self.saved)


@require_GET
@requires("workspace.enter")
def queue(request: SignedInRequest, view: str = "due") -> HttpResponse:
    """One view of the queue. Everything that shapes it stands in the address."""
    desk = _read(request, view)
    figures = counts(user=request.user, more=_held(desk))
    context = _shown(desk) | _controls(desk) | {"tabs": _tabs(figures, desk), "nav_counts": _rail(figures)}
    context |= bulk.bar(request, now=desk.now)
    return render(request, "tickets/queue.html", context, status=400 if desk.wrong else 200)


@require_GET
@requires("workspace.enter")
def changes(request: SignedInRequest) -> HttpResponse:
    """Fragment for an open queue: rows that changed where they stand, and how many came or went.

    `shown` carries the fingerprints of the rows on the page.
    """
    desk = _read(request, "due")
    before = dict(_pairs(request.GET.get("shown", "")))
    now = {str(row.pk): row for row in desk.page.rows}
    context = _shown(desk) | {
        "changed": [row for pk, row in now.items() if pk in before and before[pk] != fingerprint(row)],
        # On a full page one that comes pushes another over the edge, and one that goes makes room: one change each.
        "moved": max(len(before.keys() - now.keys()), len(now.keys() - before.keys())),
        "tabs": _tabs(counts(user=request.user, more=_held(desk)), desk),
        "bulk_forms": offered(request.user),
        "shown": ",".join(fingerprint(now[pk]) if pk in now else mark for pk, mark in before.items()),
    }
    return render(request, "tickets/_queue_changes.html", context)


def _read(request: SignedInRequest, view: str) -> Desk:
    """What the address asks for; what does not exist is ``wrong`` and finds nothing."""
    wrong, user, now = False, request.user, clock.now()
    try:
        state = State.read(request.GET, view=view)
    except UnknownState as error:
        state, wrong = error.state, True
    choices = filter_choices(user=user, requester=state.filters.get("requester", ""))
    form = QueueFilter(state.filters, choices=choices)
    after = request.GET.get("after", "")
    desk = Desk(user, now, state, after, form, choices, list(usable_views(user=user)), Page([], ""), wrong)
    if wrong or not form.is_valid():
        return replace(desk, wrong=True)
    rows: Any = narrowed(in_view(user=user, name=state.view), state.filters, now=now)
    try:
        asked: dict[str, Any] = {"sort": state.sort, "after": after, "size": PAGE, "columns": desk.columns}
        return replace(desk, page=page_of(rows, user=user, now=now, **asked))
    except BadPlace:
        return replace(desk, wrong=True)


def _shown(desk: Desk) -> dict[str, Any]:
    """What the rows and the news above them show."""
    return {
        "view": desk.state.view,
        "sort": desk.state.sort,
        "page": desk.page,
        "show": dict.fromkeys(desk.columns, True),
        "shown": ",".join(fingerprint(row) for row in desk.page.rows),
        "state": desk.state.query,
        "here": f"{desk.state.query}&{urlencode({'after': desk.after})}" if desk.after else desk.state.query,
        "server_now": desk.now,
        **_colleagues(desk),
    }


def _colleagues(desk: Desk) -> dict[str, Any]:
    """Who else is on the tickets of the page, for the rows and for the fragment that keeps them fresh."""
    seen = presence.in_queue(desk.user, [row.pk for row in desk.page.rows], desk.now)
    for row in desk.page.rows:
        row.here = seen["here_by_row"].get(row.pk)  # type: ignore[attr-defined]
    return seen


def _controls(desk: Desk) -> dict[str, Any]:
    """What narrows, orders, keeps and shows."""
    form, state, saved = desk.filter, desk.state, desk.saved
    return {
        "filter": form,
        "wrong": desk.wrong,
        "is_first": not desk.after,
        "chips": [(chip, state.without(chip.name).address) for chip in form.chips()],
        "clear_address": state.without().address,
        "main_filters": [form[name] for name in _MAIN],
        "more_filters": [form[name] for name in form.fields if name not in _MAIN],
        "orders": [(name, order.label) for name, order in ORDERS.items()],
        "heads": heads(desk.columns, state),
        "column_choices": [(name, column.label, name in desk.columns) for name, column in COLUMNS.items()],
        "always": ALWAYS,
        "saved": saved,
        "is_own": saved is not None and saved.owner_id == desk.user.pk,
        "is_changed": saved is not None and State.of(saved) != state,
        "saved_address": State.of(saved).address if saved else "",
    }


def heads(columns: Iterable[str], state: State | None = None) -> list[dict[str, Any]]:
    """The heads of the table; with a ``state`` those that order it are links, which turn the order round."""
    found = []
    for column in (COLUMNS[name] for name in columns):
        head: dict[str, Any] = {"column": column}
        if state and column.orders:
            now = state.sort if state.sort in column.orders else ""
            other = column.orders[-1] if now == column.orders[0] else column.orders[0]
            head["href"] = state.ordered(other).address
            head["direction"] = ("descending" if ORDERS[now].descending else "ascending") if now else ""
        found.append(head)
    return found


def _held(desk: Desk) -> dict[str, Q]:
    """What the saved views hold, for their counts; the archive is not counted, nor what names a value that is gone."""
    there = {name: {value for value, _label in rows} for name, rows in desk.choices.items()}
    del there["requester"]  # only the one that the address names was read
    held = {}
    for saved in desk.views:
        state = State.of(saved)
        if not VIEWS[state.view].whole and not gone(state.filters, there):
            held[f"saved_{saved.pk}"] = VIEWS[state.view].holds(desk.user) & condition(state.filters, now=desk.now)
    return held


def _tabs(figures: dict[str, int], desk: Desk) -> list[dict]:
    current = "" if desk.saved else desk.state.view
    tabs: list[dict] = [
        {"label": view.label, "href": State(name, {}, view.sort).address, "current": name == current}
        | {"count": figures.get(name)}
        for name, view in VIEWS.items()
    ]
    for saved in desk.views:
        shared = "" if saved.owner_id == desk.user.pk else _("shared by %(name)s") % {"name": saved.owner}
        tabs.append(
            {"label": saved.name, "href": State.of(saved).address, "current": saved == desk.saved, "note": shared}
            | {"count": figures.get(f"saved_{saved.pk}"), "icon": "users" if saved.team_id else "star"}
        )
    return tabs


def _rail(figures: dict[str, int]) -> dict[str, int]:
    return {"queue": figures["due"], "mine": figures["mine"], "escalations": figures["escalated"]}


def _pairs(shown: str) -> list[tuple[str, str]]:
    return [(mark.partition(".")[0], mark) for mark in shown[:8000].split(",") if mark]


@require_GET
@requires("workspace.enter")
def search(request: SignedInRequest) -> HttpResponse:
    """Tickets and articles for what was typed into the top bar; a ticket's number opens it."""
    form = SearchForm(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    seen = Ticket.objects.workable_by(request.user)
    if text and seen.filter(number=text.upper()).exists():
        return redirect("workspace:ticket", number=text.upper())
    context: dict[str, Any] = {"q": text, "title": _("Search")}
    shown = columns_for(request.user, None)
    if text:
        context |= {
            "page": _found(request.user, seen, text, shown),
            "show": dict.fromkeys(shown, True),
            "heads": heads(shown),
        }
        context["articles"] = search_articles(user=request.user, text=text).with_labels()[:_ARTICLES]
    return render(request, "tickets/search.html", context)


def _found(user: User, seen: Any, text: str, columns: list[str]) -> Page:
    """Tickets by words, best first, then those of people with that name or address."""
    sought = query(text)
    keys = [row.pk for row in best(seen, sought, limit=_FOUND).only("pk")] if sought else []
    keys += [pk for pk in of_people_named(text, seen=seen, limit=_FOUND) if pk not in keys]
    place = {pk: at for at, pk in enumerate(keys)}
    rows = page_of(
        seen.filter(pk__in=keys), user=user, now=clock.now(), sort="number", size=2 * _FOUND, columns=columns
    ).rows
    return Page(sorted(rows, key=lambda row: place[row.pk]), "")
