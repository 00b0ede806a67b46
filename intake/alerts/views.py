"""Pages about monitoring: sources, their keys, the drawing of a mapping, what was received; a ticket's alerts."""

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, requires
from intake.alerts import selectors
from intake.alerts.forms import MappingForm
from intake.alerts.mapping import paths_in
from intake.alerts.models import AlertPost, AlertSource
from intake.alerts.samples import FIRST_MAPPING, sample_of
from intake.alerts.signals import NotUnderstood
from intake.alerts.sources import issue_key, save_mapping
from intake.alerts.taking_in import retry, take_in_one
from outbox import clock
from tickets.choices import Channel
from tickets.selectors.ticket_page import workable_ticket

_POSTS = 50
_for_administrators = requires("admin.configure")


@_for_administrators
@require_GET
def sources(request: HttpRequest) -> HttpResponse:
    """All of them."""
    return render(request, "intake/alerts/sources.html", {"sources": selectors.sources_at_a_glance()})


@_for_administrators
@require_GET
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: where it sends to, its key, what it sent last."""
    return _source_page(request, get_object_or_404(AlertSource, pk=pk))


@_for_administrators
@require_POST
@never_cache
def key(request: SignedInRequest, pk: int) -> HttpResponse:
    """A new key. It is in this answer and nowhere else, so there is no redirect."""
    row = get_object_or_404(AlertSource, pk=pk)
    secret = issue_key(source=row, actor=request.user, now=clock.now())
    return _source_page(request, row, secret=secret)


def _source_page(request: HttpRequest, row: AlertSource, **also: Any) -> HttpResponse:
    page = Paginator(selectors.posts_of(row), _POSTS).get_page(request.GET.get("page"))
    address = settings.SITE_URL + reverse("api-alerts", args=[row.code])
    return render(request, "intake/alerts/source.html", {"source": row, "page_obj": page, "address": address, **also})


@_for_administrators
@require_http_methods(["GET", "POST"])
def mapping(request: SignedInRequest, pk: int) -> HttpResponse:
    """A sample and what it would make; for a source of a format of its own also the drawing of its mapping."""
    row = get_object_or_404(AlertSource, pk=pk)
    draws = row.kind == AlertSource.Kind.GENERIC
    newest = selectors.posts_of(row).exclude(state=AlertPost.State.FAILED).first()
    first = (row.mapping or FIRST_MAPPING) if draws else {}
    sample = newest.body if newest else sample_of(row.kind)
    form = MappingForm(request.POST or None, draws=draws, initial={"sample": sample, **first})
    if form.is_valid():
        sample, first = form.cleaned_data["sample"], form.mapping
    if form.is_valid() and draws and "look" not in request.POST:
        save_mapping(source=row, mapping=form.mapping, actor=request.user, now=clock.now())
        messages.success(request, _("Messages of this source are read so from now on."))
        return redirect("alerts:mapping", pk=pk)
    context = {"source": row, "form": form, "draws": draws, **_foretold(row, sample, first)}
    return render(request, "intake/alerts/mapping.html", context, status=422 if form.errors else 200)


@_for_administrators
@require_POST
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Fragment: what the sample would make by what is drawn just now. Nothing is written."""
    row = get_object_or_404(AlertSource, pk=pk)
    form = MappingForm(request.POST, draws=row.kind == AlertSource.Kind.GENERIC)
    if not form.is_valid():
        problem = next(iter(form.errors.values()))[0]
        return render(request, "intake/alerts/_preview.html", {"problem": problem})
    context = _foretold(row, form.cleaned_data["sample"], form.mapping)
    return render(request, "intake/alerts/_preview.html", context)


def _foretold(row: AlertSource, sample: str, drawn: dict[str, str]) -> dict[str, Any]:
    if row.person is None:
        return {"problem": _("Save this source once in the administration first.")}
    try:
        rows, count = selectors.foretell(source=row, body=sample, mapping=drawn, now=clock.now())
    except NotUnderstood as error:
        return {"problem": str(error)}
    return {"foretold": rows, "count": count, "paths": paths_in(json.loads(sample))}


@_for_administrators
@require_GET
def post(request: HttpRequest, pk: int) -> HttpResponse:
    """One message, word for word."""
    row = get_object_or_404(AlertPost.objects.select_related("source"), pk=pk)
    return render(request, "intake/alerts/post.html", {"post": row})


@_for_administrators
@require_POST
def post_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a message in once more that was not understood."""
    row = get_object_or_404(AlertPost, pk=pk)
    now = clock.now()
    if retry(post_id=pk, now=now):
        take_in_one(post_id=pk, now=now)
    row.refresh_from_db()
    if row.state == AlertPost.State.DONE:
        messages.success(request, _("It was taken in."))
    else:
        messages.error(request, row.error or _("It waits for the worker."))
    return redirect("alerts:source", pk=row.source_id)


@requires("workspace.enter")
@require_GET
def ticket_alerts(request: SignedInRequest, number: str) -> HttpResponse:
    """The alerts of a ticket: a fragment of its page, and a page of its own with all of them."""
    row = workable_ticket(user=request.user, number=number)
    if row.channel != Channel.ALERT:
        raise Http404
    rows, counts = selectors.alerts_of(ticket=row, whole=not request.htmx)
    template = "intake/alerts/_of_ticket.html" if request.htmx else "intake/alerts/of_ticket.html"
    return render(request, template, {"ticket": row, "alerts": rows, "counts": counts})
