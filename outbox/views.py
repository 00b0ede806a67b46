"""Pages of the outbox: the bell for everybody; mailbox and dead letters for whoever may read them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from outbox import clock, selectors, upkeep
from outbox.models import Delivery, Intent, MailboxMessage

# A mail is a stranger's page: no script, no form, nothing fetched; links open elsewhere.
MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)

View = Callable[..., HttpResponse]


class SignedInRequest(HttpRequest):
    """What a view behind `requires` gets, for annotations only; this room knows no person and no fragment by type."""

    user: Any
    htmx: Any


def requires(*codes: str) -> Callable[[View], View]:
    """Signed in, and with one of the permission ``codes`` if any is named; to others there is no such page."""

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def gate(request: SignedInRequest, *args: object, **kwargs: object) -> HttpResponse:
            if codes and not any(request.user.may(code) for code in codes):
                raise Http404
            return view(request, *args, **kwargs)

        gate.permission_codes = codes  # type: ignore[attr-defined]  # the access matrix test reads it
        return gate

    return decorate


_for_mail_readers = requires("admin.mailbox")


@requires()
@require_safe
def notice_list(request: SignedInRequest) -> HttpResponse:
    """The bell: a fragment for htmx, a page otherwise."""
    template = "outbox/_notices.html" if request.htmx else "outbox/notices.html"
    lines = selectors.notices(request.user, now=clock.now())
    return render(request, template, {"lines": lines, "frame": _frame(request)})


@requires()
@require_safe
def notice_count(request: SignedInRequest) -> HttpResponse:
    """The figure on the bell, refetched on live hints."""
    return render(request, "outbox/_bell.html", {"unseen": selectors.unseen_notices(request.user)})


@requires()
@require_POST
def notices_seen(request: SignedInRequest) -> HttpResponse:
    """All lines have been seen."""
    upkeep.mark_seen(user=request.user, now=clock.now())
    if request.htmx:
        return render(request, "outbox/_notices.html", {"lines": selectors.notices(request.user, now=clock.now())})
    return redirect("outbox:notices")


@_for_mail_readers
@require_safe
def mailbox(request: SignedInRequest) -> HttpResponse:
    """Demo mails, newest first, by address; the next page starts below the last row shown."""
    if not settings.DEMO:
        raise Http404
    search = request.GET.get("q", "").replace("\x00", "").strip()[:254]
    before = request.GET.get("before", "")
    mails = selectors.mailbox(search=search, before=int(before) if before.isdecimal() and len(before) < 18 else None)
    more = len(mails) > selectors.PAGE
    context = {"mails": mails[: selectors.PAGE], "more": more, "search": search, "paged": bool(before)}
    return render(request, "outbox/mailbox.html", context)


@_for_mail_readers
@require_safe
def mail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One demo mail; its HTML stands in a frame of its own."""
    if not settings.DEMO:
        raise Http404
    return render(request, "outbox/mail.html", {"mail": get_object_or_404(MailboxMessage, pk=pk)})


@_for_mail_readers
@require_safe
@xframe_options_sameorigin
def mail_html(request: SignedInRequest, pk: int) -> HttpResponse:
    """The HTML of one demo mail, harmless by its policy even when opened alone."""
    if not settings.DEMO:
        raise Http404
    stored = get_object_or_404(MailboxMessage, pk=pk)
    return HttpResponse(stored.html, headers={"Content-Security-Policy": MAIL_CSP})


@_for_mail_readers
@require_safe
def dead_letters(request: SignedInRequest) -> HttpResponse:
    """What was given up, with its reason and a button to send it again."""
    page = Paginator(selectors.dead_deliveries(), selectors.PAGE).get_page(request.GET.get("page"))
    intents = selectors.dead_intents()[: selectors.PAGE]
    context = {"page_obj": page, "intents": intents, "kinds": selectors.dead_kinds()}
    return render(request, "outbox/dead_letters.html", context)


@_for_mail_readers
@require_POST
def resend(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send one delivery again."""
    row = get_object_or_404(Delivery, pk=pk)
    if upkeep.resend(delivery_id=row.pk, now=clock.now()):
        messages.success(request, _("It will be sent again."))
    else:
        messages.info(request, _("Somebody sent it again already."))
    return redirect("outbox:dead")


@_for_mail_readers
@require_POST
def resend_kind(request: SignedInRequest) -> HttpResponse:
    """Send everything of one kind again."""
    count = upkeep.resend_kind(kind=request.POST.get("kind", "").replace("\x00", "")[:60], now=clock.now())
    if count:
        words = ngettext("%(n)d message will be sent again.", "%(n)d messages will be sent again.", count)
        messages.success(request, words % {"n": count})
    else:
        messages.info(request, _("Somebody sent it again already."))
    return redirect("outbox:dead")


@_for_mail_readers
@require_POST
def resolve_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Look for recipients again."""
    row = get_object_or_404(Intent, pk=pk)
    if upkeep.resolve_again(intent_id=row.pk, now=clock.now()):
        messages.success(request, _("Its recipients are looked for again."))
    else:
        messages.info(request, _("Somebody sent it again already."))
    return redirect("outbox:dead")


@_for_mail_readers
@require_POST
def send_test(request: SignedInRequest) -> HttpResponse:
    """A test mail to oneself."""
    upkeep.ask_for_test(actor=request.user, now=clock.now())
    messages.success(request, _("A test mail to you is on its way."))
    return redirect("outbox:dead")


def _frame(request: SignedInRequest) -> str:
    return "workspace/base.html" if request.user.may("workspace.enter") else "portal/base.html"
