"""Pages about widgets for the administrator, and what the page of a ticket says of its chat."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, requires
from intake.chat import selectors
from intake.chat.models import ChatWidget
from intake.chat.widgets import renew_token, tag_of
from outbox import clock
from tickets.choices import Channel
from tickets.selectors.ticket_page import workable_ticket

_CHATS = 50
_for_administrators = requires("admin.configure")


@_for_administrators
@require_GET
def widgets(request: HttpRequest) -> HttpResponse:
    """All of them."""
    return render(request, "intake/chat/widgets.html", {"widgets": selectors.widgets_at_a_glance(now=clock.now())})


@_for_administrators
@require_GET
def widget(request: HttpRequest, pk: int) -> HttpResponse:
    """One widget: the tag for the site, a preview that works, its chats."""
    now = clock.now()
    row = get_object_or_404(ChatWidget.objects.select_related("team", "module", "calendar"), pk=pk)
    page = Paginator(selectors.chats_of(row), _CHATS).get_page(request.GET.get("page"))
    context = {
        "widget": row,
        "tag": tag_of(row),
        "origin": settings.SITE_ORIGIN,
        "staffed": selectors.is_staffed(widget=row, now=now),
        "panel": reverse("embed:panel", args=[row.token]),
        "page_obj": page,
        "now": now,
    }
    return render(request, "intake/chat/widget.html", context)


@_for_administrators
@require_POST
def token(request: SignedInRequest, pk: int) -> HttpResponse:
    """A new token."""
    row = get_object_or_404(ChatWidget, pk=pk)
    row.token = request.POST.get("seen", row.token)
    renew_token(widget=row, actor=request.user)
    messages.success(request, _("The new tag is below; put it on your site in place of the one before."))
    return redirect("chat:widget", pk=pk)


@requires("workspace.enter")
@require_GET
def of_ticket(request: SignedInRequest, number: str) -> HttpResponse:
    """Fragment and page: whether the visitor is in the chat, types, or left, and who they say they are."""
    row = workable_ticket(user=request.user, number=number)
    if row.channel != Channel.CHAT:
        raise Http404
    context = {"ticket": row, "found": selectors.chat_of(ticket=row, now=clock.now())}
    template = "intake/chat/_of_ticket.html" if request.htmx else "intake/chat/of_ticket.html"
    return render(request, template, context)
