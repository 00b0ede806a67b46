"""Keeping views of the queue and its columns. Every act is one form and one service, and ends at the queue again."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import SignedInRequest, requires
from outbox import clock
from tickets.columns import columns_for
from tickets.desk import State, UnknownState
from tickets.filters import QueueFilter
from tickets.forms.saved_views import SavedViewForm
from tickets.models import SavedView
from tickets.selectors.choices import filter_choices
from tickets.selectors.saved_views import own_views, usable_views
from tickets.services import saved_views as services


def _state(request: SignedInRequest) -> State:
    """The state in the address of a form, as the queue wrote it; one that finds nothing is not kept.

    Raises:
        Http404: when it names what does not exist.
    """
    try:
        state = State.read(request.GET)
    except UnknownState as error:
        raise Http404 from error
    choices = filter_choices(user=request.user, requester=state.filters.get("requester", ""))
    if not QueueFilter(state.filters, choices=choices).is_valid():
        raise Http404
    return state


def _posted(request: SignedInRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _own(request: SignedInRequest, pk: int) -> SavedView:
    return get_object_or_404(own_views(user=request.user), pk=pk)


@require_http_methods(["GET", "POST"])
@requires("workspace.enter")
def save(request: SignedInRequest) -> HttpResponse:
    """Keep what the address says under a name."""
    state = _state(request)
    form = SavedViewForm(_posted(request), user=request.user)
    if request.method == "POST":
        columns = columns_for(request.user, _used(request, state))
        if view := form.keep(state, columns):
            return _back(request, State.of(view).address, _("Saved."))
    context = {"title": _("Save this view"), "back": state.address, "address": request.get_full_path()}
    return _form(request, form, context)


@require_http_methods(["GET", "POST"])
@requires("workspace.enter")
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Rename one's view, share it, move it."""
    view = _own(request, pk)
    form = SavedViewForm(_posted(request), user=request.user, saved=view)
    back = State.of(view).address
    if request.method == "POST" and form.change():
        return _back(request, back, _("Saved."))
    return _form(request, form, {"title": _("Change the view"), "back": back, "address": request.path})


@require_POST
@requires("workspace.enter")
def replace(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let one's view keep what the address says instead of what it kept."""
    view, state = _own(request, pk), _state(request)
    services.replace_view(actor=request.user, view=view, state=state, columns=view.columns, now=clock.now())
    return _back(request, State.of(view).address, _("Saved."))


@require_POST
@requires("workspace.enter")
def delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Forget one's view."""
    services.delete_view(actor=request.user, view=_own(request, pk), now=clock.now())
    return _back(request, reverse("workspace:queue"), _("The view was deleted."))


@require_POST
@requires("workspace.enter")
def columns(request: SignedInRequest) -> HttpResponse:
    """Choose the columns: of the saved view where that is one's own, else of all that one sees."""
    try:
        state = State.read(request.GET)
    except UnknownState as error:
        state = error.state
    view = _used(request, state)
    if view and view.owner_id != request.user.pk:
        raise Http404
    services.keep_columns(actor=request.user, columns=request.POST.getlist("column"), view=view, now=clock.now())
    return redirect(state.address)


def _used(request: SignedInRequest, state: State) -> SavedView | None:
    return next((view for view in usable_views(user=request.user) if view.pk == state.saved), None)


def _form(request: SignedInRequest, form: SavedViewForm, context: dict[str, Any]) -> HttpResponse:
    template = "tickets/_saved_view_form.html" if request.htmx else "tickets/saved_view.html"
    return render(request, template, {"form": form, **context}, status=422 if form.is_bound else 200)


def _back(request: SignedInRequest, address: str, text: str) -> HttpResponse:
    messages.success(request, text)
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
