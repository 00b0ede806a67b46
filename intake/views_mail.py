"""Mails that became no message by themselves: the list, one of them, and what is decided about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, requires
from intake import selectors
from intake.forms_mail import ApproveForm, DiscardForm
from intake.mail import deciding
from intake.mail.processing import content_of
from intake.models import InboundMail, Mailbox, MailSource
from intake.querysets import SORT
from outbox import clock
from tickets.models import Ticket
from tickets.permissions import may

_POLICY = "sandbox; default-src 'none'"


@require_GET
@requires(SORT)
def mail_list(request: SignedInRequest) -> HttpResponse:
    """By state, the newest first; filtered by mailbox and by words of sender and subject."""
    state = request.GET.get("state", "")
    state = state if state in selectors.TABS else "parked"
    search = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    box = request.GET.get("mailbox", "")
    chosen = int(box) if box.isascii() and box.isdigit() and len(box) < 18 else None
    rows = selectors.mails(user=request.user, state=state, search=search, mailbox=chosen)
    counts = selectors.counts(user=request.user)
    tabs = [
        {
            "label": capfirst(InboundMail.State(name).label),
            "href": f"?state={name}",
            "current": name == state,
            "count": counts.get(name, 0) or None,
        }
        for name in selectors.TABS
    ]
    context = {
        "page_obj": Paginator(rows, selectors.PAGE).get_page(request.GET.get("page")),
        "tabs": tabs,
        "state": state,
        "search": search,
        "mailbox": chosen,
        "mailboxes": Mailbox.objects.order_by("address"),
    }
    return render(request, "intake/mails.html", context)


@require_GET
@requires("workspace.enter")
def mail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One mail, with what may be done about it."""
    return _page(request, _visible(request, pk))


@require_GET
@requires("workspace.enter")
def original(request: SignedInRequest, pk: int) -> HttpResponse:
    """The bytes as they came, to be saved: a browser runs none of them."""
    row = _visible(request, pk)
    try:
        content = content_of(row)
    except MailSource.DoesNotExist:
        messages.info(request, _("The original is no longer kept."))
        return redirect("intake:mail", pk)
    response = HttpResponse(content, content_type="message/rfc822")
    response["Content-Disposition"] = f'attachment; filename="mail-{row.pk}.eml"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _POLICY
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@requires("workspace.enter")
def of_message(request: SignedInRequest, pk: int) -> HttpResponse:
    """To the original of a message of the conversation, by the id of the message."""
    row = InboundMail.objects.visible_to(request.user).filter(became=pk).first()
    if row is None:
        raise Http404
    return redirect("intake:mail-original", row.pk)


@require_GET
@requires("workspace.enter")
def held(request: SignedInRequest, number: str) -> HttpResponse:
    """What waits at a ticket: a page of its own, and a fragment of the ticket page."""
    ticket = Ticket.objects.workable_by(request.user).filter(number=number).first()
    if ticket is None:
        raise Http404
    rows: list[Any] = selectors.held_at(ticket=ticket, user=request.user)
    for row in rows:
        row.preview = selectors.preview(row)
    context = {"ticket": ticket, "mails": rows, "decides": may(request.user, "reply", ticket)}
    context |= {"approve": ApproveForm(), "discard": DiscardForm()}
    return render(request, "intake/_held.html" if request.htmx else "intake/held.html", context)


@require_POST
@requires(SORT)
def retry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make something of it all the same."""

    def done(row: InboundMail) -> str:
        if row.state == InboundMail.State.PROCESSED and row.ticket:
            return _("It is in %(number)s now.") % {"number": row.ticket.number}
        return _("It was tried: %(state)s. %(why)s") % {
            "state": row.get_state_display(),
            "why": row.get_reason_display(),
        }

    return _decide(request, pk, deciding.retry, done)


@require_POST
@requires(SORT, "ticket.work")
def discard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Set it aside, with a reason."""
    form = DiscardForm(request.POST)
    if not form.is_valid():
        return _page(request, _visible(request, pk), discard=form, status=422)
    return _decide(request, pk, deciding.discard, lambda row: _("It was set aside."), words=form.cleaned_data["words"])


@require_POST
@requires("ticket.work")
def approve(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let it into its ticket."""
    form = ApproveForm(request.POST)
    takes_part = form.is_valid() and form.cleaned_data["takes_part"]
    return _decide(
        request, pk, deciding.approve, lambda row: _("The mail is in the conversation now."), takes_part=takes_part
    )


@require_POST
@requires("ticket.work")
def reject(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make a ticket of its own of it."""

    def done(row: InboundMail) -> str:
        return _("It began a ticket of its own: %(number)s.") % {"number": row.ticket.number if row.ticket else ""}

    return _decide(request, pk, deciding.reject, done)


def _decide(
    request: SignedInRequest, pk: int, service: Callable[..., InboundMail], said: Callable[[Any], str], **given: Any
) -> HttpResponse:
    row = _visible(request, pk)
    back = row.ticket.number if row.state == InboundMail.State.HELD and row.ticket else ""
    try:
        row = service(mail=row, actor=request.user, now=clock.now(), **given)
    except PermissionDenied as error:
        raise Http404 from error
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("intake:mail", pk)
    messages.success(request, said(row))
    return redirect("workspace:ticket", back) if back else redirect("intake:mail", pk)


def _visible(request: SignedInRequest, pk: int) -> InboundMail:
    rows = InboundMail.objects.visible_to(request.user)
    row = rows.select_related("mailbox", "ticket", "became", "decided_by", "same_as").filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _page(
    request: SignedInRequest, row: InboundMail, *, discard: DiscardForm | None = None, status: int = 200
) -> HttpResponse:
    decides = InboundMail.objects.decidable_by(request.user).filter(pk=row.pk).exists()
    is_held = row.state == InboundMail.State.HELD
    context = {
        "mail": row,
        "preview": selectors.preview(row),
        "may_retry": decides and request.user.may(SORT) and row.is_whole and row.state in deciding.RETRIED,
        "may_discard": decides and row.state in deciding.DISCARDED,
        "may_let_in": decides and is_held and row.ticket is not None and may(request.user, "reply", row.ticket),
        "may_list": request.user.may(SORT),
        "approve": ApproveForm(),
        "discard": discard or DiscardForm(),
    }
    return render(request, "intake/mail.html", context, status=status)
