"""What the composer asks while one writes: keep the draft, show it, offer what goes in; take back, or send now."""

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from accounts.access import SignedInRequest, requires
from outbox import clock
from tickets.forms.base import MOST_TEXT
from tickets.forms.composer import ComposerForm, DraftForm
from tickets.message_html import reply_html
from tickets.models import Ticket
from tickets.selectors import ticket_page as selectors
from tickets.selectors import writing
from tickets.selectors.canned import canned_offered, is_canned
from tickets.services import drafts
from tickets.views import ticket as ticket_views


def _writable(request: SignedInRequest, number: str) -> Ticket:
    """The ticket, if this person may write on it at all."""
    row = selectors.workable_ticket(user=request.user, number=number)
    if not ComposerForm(ticket=row, user=request.user).usable:
        raise Http404
    return row


@require_POST
@requires("workspace.enter")
def save_draft(request: SignedInRequest, number: str) -> HttpResponse:
    """Keep what is being typed. The page's script gets its version; «discard» gets an empty composer."""
    row = _writable(request, number)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    if request.htmx:  # a discarded one
        drafts.discard(ticket=row, actor=request.user)
        return composer(request, number)
    now = clock.now()
    kept = drafts.save_draft(ticket=row, actor=request.user, words=form.words, now=now)
    canned = kept is not None and kept.kind == "public" and is_canned(ticket=row, user=request.user, body=kept.body)
    return JsonResponse({"kept": str(kept.version) if kept else None, "canned": canned})


@require_POST
@requires("workspace.enter")
def preview(request: SignedInRequest, number: str) -> HttpResponse:
    """What is being typed, as it will stand in the conversation."""
    _writable(request, number)
    return HttpResponse(reply_html(request.POST.get("body", "")[:MOST_TEXT]))


@require_GET
@requires("workspace.enter")
def offer(request: SignedInRequest, number: str, what: str) -> HttpResponse:
    """What the list at the caret shows: canned answers, articles, or colleagues whose names hold `q`."""
    row = _writable(request, number)
    text, public = request.GET.get("q", "")[:100].replace("\x00", "").strip(), request.GET.get("kind") != "note"
    if what == "canned":
        items = canned_offered(ticket=row, user=request.user, text=text)
    elif what == "articles":
        items = writing.articles_offered(ticket=row, user=request.user, text=text, public=public)
    else:
        items = writing.colleagues_offered(ticket=row, user=request.user, text=text)
    return JsonResponse({"items": items})


@require_POST
@requires("workspace.enter")
def take_back(request: SignedInRequest, number: str) -> HttpResponse:
    """Undo «Send»: the words are a draft again."""
    row = _writable(request, number)
    if drafts.take_back(ticket=row, actor=request.user):
        return composer(request, number, toast=_("Taken back. Nothing was sent."), kind="info")
    return composer(request, number, toast=_("Too late: it was sent."), kind="warning")


@require_POST
@requires("workspace.enter")
def send_now(request: SignedInRequest, number: str) -> HttpResponse:
    """Send the reply on its way: the ten seconds are over, or somebody does not want to wait."""
    row = _writable(request, number)
    if drafts.send_now(ticket=row, actor=request.user):
        return composer(request, number, toast=_("Sent."))
    kept = writing.draft_of(ticket=row, user=request.user)
    if kept is not None and kept.returned:
        text = _("Not sent: the ticket changed meanwhile. Your text waits on its page.")
        return composer(request, number, toast=text, kind="warning")
    return composer(request, number)


def composer(request: SignedInRequest, number: str, *, toast: str = "", kind: str = "success") -> HttpResponse:
    """The composer as it is now, with everything else on the page that changes; without a script, the page."""
    if not request.htmx:
        return redirect("workspace:ticket", number=number)
    now = selectors.workable_ticket(user=request.user, number=number)
    context = ticket_views.panels(request, now)
    context["composer"] = ticket_views.composer_of(request, now, context["conversation"].last_id)
    response = render(request, "tickets/_written.html", context)
    return trigger_client_event(response, "toast", {"text": toast, "kind": kind}) if toast else response
