"""What stands below `/embed/`: the script of the tag, the panel in its frame, and what the panel asks for."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET

from intake.chat import limits, selectors
from intake.chat.doors import for_panel, for_visitor, invalid, not_taken, open_widget, refused, secret_of, too_many
from intake.chat.forms import MOST_WORDS, BeginForm, NewsForm, SayForm
from intake.chat.models import ChatConversation, ChatWidget
from intake.chat.presence import look
from intake.chat.services import Opening, begin, end, say
from intake.chat.widgets import ancestors_of
from intake.forms import SubmissionForm
from intake.limits import may_submit
from intake.services import submit
from outbox import clock
from tickets.choices import Channel, MessageKind
from tickets.message_html import message_html
from tickets.models import Attachment, Message
from tickets.previews import shape_of
from tickets.views.attachments import serve

_SEARCHED = 200  # characters of what is typed; more says nothing new


@require_GET
@cache_control(public=True, max_age=3600)
def script(request: HttpRequest) -> HttpResponse:
    """The script of the tag: the same for everybody, whatever the tag says, so that it tells nothing."""
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    # Sites that isolate themselves (COEP) load nothing from elsewhere that does not agree to it.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@cache
def _script() -> bytes:
    return Path(settings.BASE_DIR, "static", "js", "chat-button.js").read_bytes()


@require_GET
@never_cache
@xframe_options_exempt  # the policy below says who may frame it; the older header could name nobody but us
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """The panel, which only the sites of its widget may frame. No word of a conversation: that needs the secret."""
    widget, now = open_widget(code), clock.now()
    language = get_language() or ""
    context = {
        "widget": widget,
        "base": reverse("embed:panel", args=[widget.token]),
        "staffed": selectors.is_staffed(widget=widget, now=now),
        "articles": selectors.articles_for(text="", language=language),
        "begin": BeginForm(auto_id="begin-%s"),
        "leave": _leave_form(now),
        "most_words": MOST_WORDS,
        "max_files": settings.ATTACHMENTS_PER_MESSAGE,
        "max_bytes": settings.ATTACHMENT_MAX_BYTES,
        "LANGUAGE_CODE": language,
    }
    response = render(request, "intake/chat/panel.html", context)
    policy = {**settings.SECURE_CSP, "connect-src": ["'self'"], "frame-src": ["'none'"]}
    policy["frame-ancestors"] = [ancestors_of(widget)]
    response["Content-Security-Policy"] = "; ".join(f"{name} {' '.join(places)}" for name, places in policy.items())
    response["X-Robots-Tag"] = "noindex"
    return response


def _leave_form(now: datetime) -> SubmissionForm:
    form = SubmissionForm.empty(user=None, now=now, initial={})
    form.auto_id = "leave-%s"
    return form


@require_GET
def demo(request: HttpRequest) -> HttpResponse:
    """A company's page with a chat on it, to try it out; in demo mode only."""
    widget = ChatWidget.objects.filter(is_active=True).order_by("pk").first()
    if not settings.DEMO or widget is None:
        raise Http404
    return render(request, "intake/chat/demo.html", {"widget": widget})


@for_panel()
def search(request: HttpRequest, widget: ChatWidget, now: datetime) -> HttpResponse:
    """Fragment: public articles that answer what was typed, and whether somebody is there by now."""
    if not limits.may_search(request, widget=widget, now=now):
        return too_many()
    text = request.POST.get("q", "").replace("\x00", "")[:_SEARCHED]
    found = selectors.articles_for(text=text, language=get_language() or "")
    context = {"articles": found, "text": text.strip(), "staffed": selectors.is_staffed(widget=widget, now=now)}
    return render(request, "intake/chat/_articles.html", context)


@for_panel()
def article(request: HttpRequest, widget: ChatWidget, now: datetime) -> HttpResponse:
    """Fragment: one public article."""
    if not limits.may_search(request, widget=widget, now=now):
        return too_many()
    found = selectors.article_by(request.POST.get("slug", "").replace("\x00", "")[:200])
    if found is None:
        return refused(404, "not_found", _("This article is not there any more."))
    return render(request, "intake/chat/_article.html", {"article": found})


@for_panel(counted=True)
def start(request: HttpRequest, widget: ChatWidget, now: datetime) -> HttpResponse:
    """Begin to talk. The browser draws the secret and sends it along; sent again, it is the same conversation."""
    secret = secret_of(request)
    if not selectors.SECRET.match(secret):
        return refused(400, "secret", _("The request cannot be understood"))
    form = BeginForm(request.POST)
    if not form.is_valid():
        return invalid(form.errors)
    said = form.cleaned_data
    conversation = selectors.conversation_by(widget=widget, secret=secret, now=now)
    if conversation is None:
        if not selectors.is_staffed(widget=widget, now=now):
            return refused(409, "away", _("Nobody is there at the moment. Leave a ticket, and we answer by e-mail."))
        if not limits.may_begin(request, widget=widget, email=said["email"], now=now):
            return too_many()
        opening = Opening(
            widget=widget,
            secret=secret,
            name=said["name"],
            words=said["body"],
            key=said["key"],
            language=get_language() or "",
            email=said["email"],
        )
        try:
            conversation = begin(opening=opening, now=now)
        except ValidationError as error:
            return not_taken(error)
    return _news(conversation, 0, "", now)


@for_visitor(files=True)
def words(request: HttpRequest, conversation: ChatConversation, now: datetime) -> HttpResponse:
    """Say something."""
    form = SayForm(request.POST, request.FILES)
    if not form.is_valid():
        return invalid(form.errors)
    if not limits.may_say(conversation, now=now):
        return too_many()
    said = form.cleaned_data
    try:
        message = say(conversation=conversation, words=said["body"], key=said["key"], files=said["files"], now=now)
    except ValidationError as error:
        return not_taken(error)
    conversation.ticket = message.ticket  # the words may have opened it again, or another one
    after = NewsForm(request.POST)
    return _news(conversation, after.cleaned_data.get("after") or 0 if after.is_valid() else 0, "", now)


@for_visitor()
def news(request: HttpRequest, conversation: ChatConversation, now: datetime) -> HttpResponse:
    """What was said since, and whether somebody is typing; 204 when the panel shows it already."""
    if not limits.may_ask(request, widget=conversation.widget, now=now):
        return too_many()
    form = NewsForm(request.POST)
    if not form.is_valid():
        return invalid(form.errors)
    seen = form.cleaned_data
    look(conversation=conversation, read=seen["read"] or 0, writes=seen["writes"], gone=seen["gone"], now=now)
    if seen["gone"]:
        return HttpResponse(status=204)
    return _news(conversation, seen["after"] or 0, seen["mark"], now)


@for_visitor()
def bye(request: HttpRequest, conversation: ChatConversation, now: datetime) -> HttpResponse:
    """End the chat."""
    end(conversation=conversation, now=now)
    conversation.refresh_from_db(fields=["ended_at"])
    return _news(conversation, 0, "", now)


@for_visitor()
def file(request: HttpRequest, conversation: ChatConversation, now: datetime, pk: int) -> HttpResponseBase:
    """One file of what the visitor may read; by POST, because the secret must not stand in an address."""
    row = Attachment.objects.filter(pk=pk, message__in=selectors.readable(conversation)).first()
    if row is None:
        return refused(404, "not_found", _("This file is not there any more."))
    return serve(request, row)


@for_panel(files=True, counted=True)
def leave(request: HttpRequest, widget: ChatWidget, now: datetime) -> HttpResponse:
    """Leave a ticket: the public form by another way, with its limits, as silent about addresses (decision 0031)."""
    form = SubmissionForm(request.POST, request.FILES, user=None, now=now)
    if not form.is_valid():
        return invalid(form.errors)
    data = {**form.cleaned_data, "module": form.cleaned_data["module"] or widget.module}
    if not may_submit(request, email=data["email"], now=now):
        return too_many()
    language = get_language() or ""
    try:
        ticket, _replayed = submit(
            data=data, user=None, language=language, channel=Channel.CHAT, team=widget.team, now=now
        )
    except ValidationError as error:
        return not_taken(error)
    return JsonResponse({"number": ticket.number})


def _news(conversation: ChatConversation, after: int, mark: str, now: datetime) -> HttpResponse:
    lines = selectors.lines_of(conversation=conversation, after=after)
    facts = selectors.facts_of(conversation)
    facts["writes"] = selectors.somebody_writes(conversation=conversation, now=now)
    found = hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:16]
    if not lines and found == mark:
        return HttpResponse(status=204)
    told = [_line(message, conversation) for message in lines]
    return JsonResponse({**facts, "mark": found, "lines": told})


def _line(message: Message, conversation: ChatConversation) -> dict[str, Any]:
    """One message as the panel shows it: markup comes from the house's own cleaning alone."""
    own = message.author_id == conversation.visitor_id and message.kind == MessageKind.CUSTOMER
    line = getattr(message, "chat_line", None)
    return {
        "id": message.pk,
        "key": str(line.key) if line else "",
        "own": own,
        "author": "" if own or message.author is None else message.author.name,
        "at": message.created_at.isoformat(),
        "html": message_html(message),
        "files": [_file(item) for item in message.attachments.all()],
    }


def _file(item: Attachment) -> dict[str, Any]:
    return {"id": item.pk, "name": item.name, "size": item.size, "picture": shape_of(item) == "image"}
