"""What people do on the ticket page. Each POST reads a form, calls one service and shows the ticket again.

With a script the answer is the fragments that changed; without one it is a redirect, and GET shows the same form as a
page of its own.
"""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from accounts.access import SignedInRequest, requires
from knowledge.models import Article
from outbox import clock
from tickets.forms.base import ActionForm
from tickets.forms.composer import ComposerForm
from tickets.forms.table import ACTIONS
from tickets.models import Ticket
from tickets.permissions import may
from tickets.selectors import ticket_page as selectors
from tickets.selectors.writing import draft_of
from tickets.services.articles import link_article
from tickets.services.locking import MergedTicket
from tickets.views import ticket as ticket_views
from tickets.views.after_sending import after_sending


@require_http_methods(["GET", "POST"])
@requires("workspace.enter")
def act(request: SignedInRequest, number: str, action: str) -> HttpResponse:
    """GET the form of one action, POST it. What somebody may not do is not there (404)."""
    form_class = ACTIONS[action]
    row = selectors.workable_ticket(user=request.user, number=number)
    if not (may(request.user, action, row) and form_class.allowed(row, request.user)):
        raise Http404
    given: dict[str, Any] = {"ticket": row, "user": request.user}
    if request.method == "GET":
        return _form(request, row, form_class(**given, initial=request.GET.dict()))  # a link may fill fields in
    form = form_class(request.POST, request.FILES, **given)
    if form.send():
        return _done(request, row, form)
    if not form.fields or "inline" in request.POST:  # no form to mend: say it and show how the ticket stands
        return _refused(request, row, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return _form(request, row, form, status=422)


def _form(request: SignedInRequest, row: Ticket, form: ActionForm, status: int = 200) -> HttpResponse:
    context = {"ticket": row, "form": form, "max_bytes": settings.ATTACHMENT_MAX_BYTES}
    template = "tickets/_action_form.html" if request.htmx else "tickets/action.html"
    return render(request, template, context, status=status)


def _done(request: SignedInRequest, row: Ticket, form: ActionForm) -> HttpResponse:
    if isinstance(form.result, Article):
        return _away(request, reverse("knowledge:edit", args=[form.result.pk]), str(form.done))
    if not Ticket.objects.workable_by(request.user).filter(pk=row.pk).exists():
        stays = Ticket.objects.filter(pk=row.pk, team=row.team_id).exists()
        text = str(form.done) if stays else _("Done. The ticket now belongs to another team.")
        return _away(request, reverse("workspace:queue"), text, form.draft)
    if not request.htmx:
        return _away(request, reverse("workspace:ticket", args=[row.number]), str(form.done), form.draft)
    return fresh(request, row, toast=str(form.done), composer=form.changes_composer)


def _refused(request: SignedInRequest, row: Ticket, text: str) -> HttpResponse:
    if not request.htmx:
        messages.error(request, text)
        return redirect("workspace:ticket", number=row.number)
    return fresh(request, row, toast=text, kind="error")


def _away(request: SignedInRequest, address: str, text: str, draft: str = "") -> HttpResponse:
    if text:
        messages.success(request, text, extra_tags=f"draft-done:{draft}")
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def fresh(
    request: SignedInRequest, row: Ticket, *, toast: str = "", kind: str = "success", composer: bool = False
) -> HttpResponse:
    """The changed parts of the open page; a dialog closes, a line says what happened.

    With ``composer`` that is drawn anew too; what was typed into it comes back from the draft.
    """
    now = selectors.workable_ticket(user=request.user, number=row.number)
    context = ticket_views.panels(request, now) | {"previous": row.revision}
    if composer:
        last_id = context["conversation"].last_id
        context["composer"] = ticket_views.composer_of(request, now, last_id)
    response = render(request, "tickets/_fresh.html", context)
    trigger_client_event(response, "dialog:close")
    if toast:
        trigger_client_event(response, "toast", {"text": toast, "kind": kind})
    return response


@require_POST
@requires("workspace.enter")
def write(request: SignedInRequest, number: str) -> HttpResponse:
    """Send a public reply or an internal note. A ticket that changed meanwhile shows what came, with the text kept."""
    row = selectors.workable_ticket(user=request.user, number=number)
    kept = draft_of(ticket=row, user=request.user)
    form = ComposerForm(request.POST, request.FILES, ticket=row, user=request.user, kept=kept, live=bool(request.htmx))
    if not form.usable:
        raise Http404
    sent = form.send()
    if sent is not None:
        return after_sending(request, row, sent, then=form.cleaned_data["then"])
    now = selectors.workable_ticket(user=request.user, number=number)
    if form.stale:
        form.meanwhile = selectors.messages_after(ticket=now, pk=form.cleaned_data.get("seen") or 0)
    if not request.htmx:
        form.caught_up(now, selectors.conversation(ticket=now).last_id)
        return ticket_views.page(request, now, composer=form, status=422)
    context = ticket_views.panels(request, now) | {"composer": form}
    form.caught_up(now, context["conversation"].last_id)
    return render(request, "tickets/_written.html", context, status=422)


@require_POST
@requires("workspace.enter")
def use_article(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    """Note that an article was used in this ticket."""
    row = selectors.workable_ticket(user=request.user, number=number)
    article = get_object_or_404(Article.objects.visible_to(request.user), pk=pk)
    if not may(request.user, "note", row):
        raise Http404
    try:
        link_article(ticket=row, article=article, actor=request.user, now=clock.now())
    except MergedTicket as refused:
        return _refused(request, row, refused.messages[0])
    if not request.htmx:
        return redirect("workspace:ticket", number=row.number)
    return fresh(request, row, toast=_("Noted as used."))
