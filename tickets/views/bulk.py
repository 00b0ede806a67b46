"""One change of many tickets of the queue: the dialog, the change, its undo."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts.access import SignedInRequest, is_safe_path, requires
from outbox import clock
from tickets.columns import columns_for
from tickets.forms.bulk import FORMS, BulkForm, offered
from tickets.models import BulkEdit, Ticket
from tickets.selectors.bulk import chosen, latest_edit
from tickets.selectors.queue import page_of
from tickets.selectors.saved_views import usable_views
from tickets.services.bulk import Undone, undo

_CHANGED = "bulk-changed"


@require_http_methods(["GET", "POST"])
@requires("workspace.enter")
def edit(request: SignedInRequest, action: str) -> HttpResponse:
    """GET the form for the tickets ``t`` of the query, POST it. What somebody may never do is not there (404)."""
    form_class = FORMS.get(action)
    if form_class is None or form_class not in offered(request.user):
        raise Http404
    asked = request.GET if request.method == "GET" else request.POST
    given: dict[str, Any] = {"tickets": chosen(user=request.user, numbers=asked.getlist("t")), "user": request.user}
    if request.method == "GET":
        return _form(request, form_class(**given))
    form = form_class(request.POST, **given)
    done = form.send()
    if done is None:
        return _form(request, form, status=422)
    request.session[_CHANGED] = True
    if not request.htmx:
        return redirect(_back(request))
    return _fresh(request, [entry["ticket"] for entry in done.changes], edit=done)


@require_POST
@requires("workspace.enter")
def undo_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take one's own change back, as far as nobody touched the tickets since."""
    row = get_object_or_404(BulkEdit, pk=pk, actor=request.user)
    try:
        text, kind = _told(undo(edit=row, actor=request.user)), "success"
    except ValidationError as refusal:
        text, kind = " ".join(refusal.messages), "error"
    if not request.htmx:
        messages.add_message(request, getattr(messages, kind.upper()), text)
        return redirect(_back(request))
    response = _fresh(request, [entry["ticket"] for entry in row.changes])
    return trigger_client_event(response, "toast", {"text": text, "kind": kind})


def bar(request: SignedInRequest, *, now: datetime) -> dict[str, Any]:
    """Context of the bar above a table of tickets. Who changed nothing in this session is not looked up."""
    changed = _CHANGED in request.session
    edit = latest_edit(user=request.user, now=now) if changed else None
    if changed and edit is None:
        del request.session[_CHANGED]
    return {"bulk_forms": offered(request.user), "bulk_edit": edit}


def _form(request: SignedInRequest, form: BulkForm, status: int = 200) -> HttpResponse:
    template = "tickets/_bulk_form.html" if request.htmx else "tickets/bulk.html"
    return render(request, template, {"form": form, "back": _back(request)}, status=status)


def _fresh(request: SignedInRequest, keys: list[int], *, edit: BulkEdit | None = None) -> HttpResponse:
    """The rows as they stand now, each for its own place, and the line that says what happened."""
    user, now, columns = request.user, clock.now(), _columns(request)
    seen_rows = Ticket.objects.workable_by(user).filter(pk__in=keys)
    rows = page_of(seen_rows, user=user, now=now, sort="-number", size=len(keys) or 1, columns=columns).rows
    seen = {row.pk for row in rows}
    context = {
        "rows": rows,
        "show": dict.fromkeys(columns, True),
        "server_now": now,
        "gone": [pk for pk in keys if pk not in seen],
        "bulk_edit": edit,
        "bulk_forms": offered(request.user),
    }
    response = render(request, "tickets/_bulk_done.html", context)
    trigger_client_event(response, "dialog:close")
    return trigger_client_event(response, "bulk:done")


def _told(done: Undone) -> str:
    count = len(done.restored)
    text = ngettext("%(count)d ticket stands as before.", "%(count)d tickets stand as before.", count)
    text %= {"count": count}
    if done.left:
        numbers = pgettext("list", ", ").join(done.left)
        text += " " + _("Not taken back, because they changed since: %(numbers)s") % {"numbers": numbers}
    return text


def _columns(request: SignedInRequest) -> list[str]:
    """What the queue shows from which it was asked."""
    asked = QueryDict(urlsplit(_back(request)).query).get("saved", "")
    views = usable_views(user=request.user) if asked else []
    return columns_for(request.user, next((view for view in views if str(view.pk) == asked), None))


def _back(request: SignedInRequest) -> str:
    wanted = (request.POST if request.method == "POST" else request.GET).get("back", "")
    return wanted if is_safe_path(wanted) else reverse("workspace:queue")
