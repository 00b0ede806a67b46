"""The agents' queue: views with counts, filters, keyset pages, and what changed since the page was drawn."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, requires
from knowledge.selectors import search_articles
from search.vectors import best, query
from tickets.filters import QueueFilter
from tickets.forms.search import SearchForm
from tickets.models import Ticket
from tickets.selectors.choices import filter_choices
from tickets.selectors.queue import (
    ORDERS,
    VIEWS,
    BadPlace,
    Page,
    counts,
    fingerprint,
    in_view,
    of_people_named,
    page_of,
)  # fmt: skip

_MAIN = ("q", "severity", "status", "team", "assignee")
_FOUND = 30
_ARTICLES = 6


@require_GET
@requires("workspace.enter")
def queue(request: SignedInRequest, view: str = "due") -> HttpResponse:
    """One view of the queue. Everything that shapes it stands in the address."""
    context, status = _state(request, view)
    figures = counts(user=request.user)
    context |= {"tabs": _tabs(figures, context["view"]), "nav_counts": _rail(figures)}
    return render(request, "tickets/queue.html", context, status=status)


@require_GET
@requires("workspace.enter")
def changes(request: SignedInRequest) -> HttpResponse:
    """Fragment for an open queue: rows that changed where they stand, and how many came or went.

    `shown` carries the fingerprints of the rows on the page.
    """
    context, _status = _state(request, "due")
    before = dict(_pairs(request.GET.get("shown", "")))
    now = {str(row.pk): row for row in context["page"].rows}
    figures = counts(user=request.user)
    context |= {
        "changed": [row for pk, row in now.items() if pk in before and before[pk] != fingerprint(row)],
        "moved": len(before.keys() ^ now.keys()),
        "tabs": _tabs(figures, context["view"]),
        "shown": ",".join(fingerprint(now[pk]) if pk in now else mark for pk, mark in before.items()),
    }
    return render(request, "tickets/_queue_changes.html", context)


def _state(request: SignedInRequest, view: str) -> tuple[dict[str, Any], int]:
    """What the address asks for, and 400 when it asks for what does not exist."""
    name = request.GET.get("view", view)
    wrong = name not in VIEWS
    name = name if not wrong else view
    sort = request.GET.get("sort") or VIEWS[name].sort
    wrong = wrong or sort not in ORDERS
    sort = sort if sort in ORDERS else VIEWS[name].sort
    rows = in_view(user=request.user, name=name)
    filterset = QueueFilter(request.GET, queryset=rows, choices=filter_choices(user=request.user))
    wrong = wrong or not filterset.form.is_valid()
    page = Page([], "")
    if not wrong:
        try:
            page = page_of(filterset.qs, sort=sort, after=request.GET.get("after", ""))
        except BadPlace:
            wrong = True
    context = {
        "view": name,
        "sort": sort,
        "filter": filterset,
        "page": page,
        "wrong": wrong,
        "shown": ",".join(fingerprint(row) for row in page.rows),
        "is_first": not request.GET.get("after"),
        "state": _kept(request, name, sort),
        "clear_address": f"{reverse('workspace:queue')}?view={name}",
        "main_filters": [filterset.form[name] for name in _MAIN],
        "more_filters": [filterset.form[name] for name in filterset.form.fields if name not in _MAIN],
    }
    return context, 400 if wrong else 200


def _tabs(figures: dict[str, int], current: str) -> list[dict]:
    address = reverse("workspace:queue")
    return [
        {"label": view.label, "href": f"{address}?view={name}", "current": name == current, "count": figures.get(name)}
        for name, view in VIEWS.items()
    ]


def _rail(figures: dict[str, int]) -> dict[str, int]:
    return {"queue": figures["due"], "mine": figures["mine"], "escalations": figures["escalated"]}


def _pairs(shown: str) -> list[tuple[str, str]]:
    return [(mark.partition(".")[0], mark) for mark in shown[:8000].split(",") if mark]


def _kept(request: SignedInRequest, view: str, sort: str) -> str:
    """The whole state as the query of an address."""
    kept = QueryDict(mutable=True)
    kept.update({name: str(value) for name, value in request.GET.items() if value and name != "shown"})
    kept["view"], kept["sort"] = view, sort
    return kept.urlencode()


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
    if text:
        context["page"] = _found(seen, text)
        context["articles"] = search_articles(user=request.user, text=text).with_labels()[:_ARTICLES]
    return render(request, "tickets/search.html", context)


def _found(seen: Any, text: str) -> Page:
    """Tickets by words, best first, then those of people with that name or address."""
    sought = query(text)
    keys = [row.pk for row in best(seen, sought, limit=_FOUND).only("pk")] if sought else []
    keys += [pk for pk in of_people_named(text, seen=seen, limit=_FOUND) if pk not in keys]
    place = {pk: at for at, pk in enumerate(keys)}
    rows = page_of(seen.filter(pk__in=keys), sort="new", size=2 * _FOUND).rows
    return Page(sorted(rows, key=lambda row: place[row.pk]), "")
