"""The words of one message: templates, language, time zone and headers."""

import hashlib
import re
import unicodedata
from contextlib import ExitStack
from datetime import datetime
from email.headerregistry import Address
from email.utils import formataddr, parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template.context import make_context
from django.template.loader import get_template
from django.utils import timezone, translation

from outbox import registry, threads, unsubscribing
from outbox.cards import Card
from outbox.chat import Words
from outbox.models import Delivery, Intent
from outbox.quiet import zone_of
from outbox.replying import Answers, answers_to
from outbox.wording.rows import Parts, written

_SUBJECT_MAX = 200
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*\n")
LOOP_HEADER = "X-Loop"
_OWN_ID = re.compile(r"outbox\.([0-9a-f]{32})@(.+)")
_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,250}@[^<>\s@]{1,250}>")


def render_mail(*, deliveries: list[Delivery], now: datetime) -> EmailMultiAlternatives:
    """The mail that tells of all ``deliveries`` (one batch, one recipient, one kind), ready to be sent.

    Raises:
        ValidationError: when the address is none. Whatever templates and the notice raise passes through.
    """
    first = deliveries[0]
    validate_email(first.address)
    intents = [delivery.intent for delivery in deliveries]
    kind = first.intent.kind
    with _reader(first):
        context = _context(intents, first, now)
        answers = _answers(deliveries, context)
        context |= {"answers_by_mail": bool(answers.reply), "note_address": answers.note}
        context["answering"] = _answering(kind, context)
        parts = _parts(kind, context, alone=context["count"] == 1)
        thread = threads.thread_of(first) if len(deliveries) == 1 else threads.Thread()
        subject = _subject_of_thread(kind, thread, context) or parts.subject
        mail = EmailMultiAlternatives(
            subject=one_line(subject or "", _SUBJECT_MAX),
            body=_signed(parts.text or "", context),
            from_email=_sender(context),
            to=[first.address],
            reply_to=[answers.reply] if answers.reply else None,
            headers=_headers(deliveries, context, thread),
        )
        mail.attach_alternative(parts.html or "", "text/html")
    return mail


def render_line(*, deliveries: list[Delivery], now: datetime) -> dict[str, str]:
    """The line in the bell for one batch, in the language of whoever is reading: its ``text`` and its ``url``."""
    return line_of([delivery.intent for delivery in deliveries], deliveries[0], now)


def line_of(intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, str]:
    """The same for ``intents`` of one kind, whatever they leave by."""
    context = _context(intents, delivery, now)
    folder = registry.template_folder(intents[0].kind)
    return {"text": one_line(_plain(f"{folder}/page.txt", context), 300), "url": context.get("url", "")}


def render_card(*, delivery: Delivery, now: datetime) -> Card:
    """What a chat robot shows of one delivery, in the robot's language and the house's time zone."""
    with _reader(delivery):
        return registry.get(delivery.intent.kind).card([delivery.intent], delivery, now)


def render_words(*, delivery: Delivery, now: datetime) -> Words:
    """What a chat service tells one person: the text of the mail about the same, in the administrator's words too."""
    kind = delivery.intent.kind
    with _reader(delivery):
        context = _context([delivery.intent], delivery, now)
        own = written(kind=kind, context=context).text
        text = own if own is not None else _plain(f"{registry.template_folder(kind)}/text.txt", context)
    return Words(_EMPTY_LINES.sub("\n\n", text).strip(), context.get("url", ""))


def message_id(delivery: Delivery) -> str:
    """The same for every attempt, so that a mail sent twice by a crash is recognized as one (RFC 5322, 3.6.4)."""
    return f"<outbox.{delivery.batch.hex}@{_domain()}>"


def thread_id(stream: str) -> str:
    """An id that no mail has and every mail of ``stream`` refers to: mail programs thread by it."""
    return f"<stream.{hashlib.sha256(stream.encode()).hexdigest()[:32]}@{_domain()}>"


def batch_of(given: str) -> UUID | None:
    """The batch whose mail has the Message-ID ``given`` (without brackets), when it is one of ours."""
    found = _OWN_ID.fullmatch(given.strip("<>").lower())
    return UUID(found[1]) if found and found[2] == _domain().lower() else None


def loop_mark() -> str:
    """What our mails say in `LOOP_HEADER`."""
    return f"helpdesk@{_domain()}"


def one_line(text: str, length: int) -> str:
    """``text`` on one line without control or invisible formatting characters: nothing for a header to break on."""
    spaced = "".join(
        " " if char.isspace() else "" if unicodedata.category(char) in {"Cc", "Cf", "Cs"} else char for char in text
    )
    joined = " ".join(spaced.split())
    return joined if len(joined) <= length else joined[: length - 1] + "…"


def _parts(kind: str, context: dict[str, Any], *, alone: bool) -> Parts:
    """The words: those of the administrator, else the shipped ones, which alone can tell of many at once."""
    own = written(kind=kind, context=context) if alone else Parts()
    folder = registry.template_folder(kind)
    subject = own.subject if own.subject is not None else _plain(f"{folder}/subject.txt", context)
    text = own.text if own.text is not None else _plain(f"{folder}/text.txt", context)
    html = own.html if own.html is not None else get_template(f"{folder}/html.html").render(context)
    return Parts(subject, text, html)


def _subject_of_thread(kind: str, thread: threads.Thread, context: dict[str, Any]) -> str:
    """The one subject of all mails of this stream; empty where each kind has its own."""
    shared = registry.get(kind).subject_of_thread
    if not shared:
        return ""
    if thread.subject:
        return f"Re: {thread.subject}"
    return written(kind=shared, context=context).subject or _plain(
        f"{registry.template_folder(shared)}/subject.txt", context
    )


def _answering(kind: str, context: dict[str, Any]) -> str:
    """The sentence that this mail can be answered; empty where nobody would take the answer in."""
    said_by = registry.get(kind).answering
    if not said_by or not context["answers_by_mail"]:
        return ""
    text = written(kind=said_by, context=context).text
    return (text if text is not None else _plain(f"{registry.template_folder(said_by)}/text.txt", context)).strip()


def _signed(text: str, context: dict[str, Any]) -> str:
    """The text with the signature below «-- », where mail programs cut it off when they quote."""
    signature = str(context.get("signature") or "").strip()
    return "\n".join([text.strip(), *(["", "-- ", signature] if signature else []), ""])


def _context(intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
    given = registry.get(intents[0].kind).context(intents, delivery, now)
    return {"site_url": settings.SITE_URL, "kind": intents[0].kind, "count": len(intents), "now": now, **given}


def _plain(template: str, context: dict[str, Any]) -> str:
    """Text is no HTML: «R&D» stays «R&D»."""
    found: Any = get_template(template)
    return found.template.render(make_context(context, autoescape=False))


def _headers(deliveries: list[Delivery], context: dict[str, Any], thread: threads.Thread) -> dict[str, str]:
    # RFC 3834: automatic mail says so, and then no decent program answers it automatically. By X-Loop we know our own
    # mail when a careless forwarder sends it back.
    first = deliveries[0]
    notice = registry.get(first.intent.kind)
    headers = {
        "Message-ID": message_id(first),
        "Auto-Submitted": notice.auto_submitted,
        LOOP_HEADER: loop_mark(),
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }
    if notice.bulk:
        headers["Precedence"] = "bulk"
        headers |= unsubscribing.headers(first)
    if len(deliveries) == 1:
        answered = context.get("in_reply_to") or thread.answers
        known = [thread_id(first.stream), thread.first, answered]
        references = list(dict.fromkeys(one for one in known if _MESSAGE_ID.fullmatch(one)))
        headers["References"] = " ".join(references)
        headers["In-Reply-To"] = references[-1]
    return headers


def _answers(deliveries: list[Delivery], context: dict[str, Any]) -> Answers:
    """What the notice says, else the address of the stream; a mail about several things is answered on none."""
    first = deliveries[0]
    if context.get("reply_to"):
        return Answers(context["reply_to"])
    return answers_to(first.stream, first.user) if len(deliveries) == 1 else Answers()


def _sender(context: dict[str, Any]) -> str:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    address = one_line(context.get("from_address") or address, 254)
    return formataddr((one_line(context.get("from_name") or name, 100), address), charset="utf-8")


def _domain() -> str:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return Address(addr_spec=address).domain or "localhost"


def _reader(delivery: Delivery) -> ExitStack:
    """The recipient's language and time zone, for the time of one rendering."""
    stack = ExitStack()
    stack.enter_context(translation.override(delivery.language))
    stack.enter_context(timezone.override(zone_of(delivery.user)))
    return stack
