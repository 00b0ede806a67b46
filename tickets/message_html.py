"""The text of a message as safe HTML: customers write plain text, staff and the product write Markdown."""

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from knowledge.markdown import render
from tickets.choices import Channel, MessageKind
from tickets.models import Message
from tickets.quotes import passages

# Stops before what usually ends a sentence, in both scripts.
_LINK = re.compile(
    r"https?://[^\s<>\"'`，。；：！？、（）《》「」【】]{1,2000}[^\s<>\"'`，。；：！？、（）《》「」【】.,;:!?)\]}]"
)


#: A message that is longer, in characters or in lines, is folded behind «show all».
_LONG = 3000
_MANY_LINES = 40


def message_html(message: Message, *, opens: bool = False) -> SafeString:
    """What stands in the page for ``message``, with what it quotes folded.

    The one that ``opens`` a ticket repeats nothing of it. Colleagues quote on purpose when they write here; what they
    send as a mail repeats like every mail.
    """
    show = plain_html if message.kind == MessageKind.CUSTOMER else render
    if opens or (message.kind != MessageKind.CUSTOMER and message.channel != Channel.MAIL):
        return show(message.body)
    parts = [_folded(show(part.text)) if part.is_quoted else show(part.text) for part in passages(message.body)]
    return mark_safe("".join(parts))  # nosec B308 B703 (every part is safe)


def is_long(message: Message) -> bool:
    """Whether a page shows only the beginning of ``message`` at first."""
    return len(message.body) > _LONG or message.body.count("\n") > _MANY_LINES


def _folded(html: SafeString) -> SafeString:
    words = _("Quoted text")
    return format_html(
        '<details class="quoted"><summary>{}</summary><div class="quoted-text">{}</div></details>', words, html
    )


def reply_html(body: str) -> SafeString:
    """What will stand in the page when ``body`` is sent."""
    return message_html(Message(kind=MessageKind.PUBLIC, body=body))


def plain_html(text: str) -> SafeString:
    """Plain text with its line breaks; addresses of the web become links that pass nothing on."""
    parts, at = [], 0
    for found in _LINK.finditer(text):
        parts += [escape(text[at : found.start()]), _link(found.group())]
        at = found.end()
    parts.append(escape(text[at:]))
    paragraphs = re.split(r"(?:\r?\n){2,}", "".join(parts).strip("\r\n"))
    html = "".join(f"<p>{paragraph.replace(chr(10), '<br>')}</p>" for paragraph in paragraphs)
    return mark_safe(html)  # nosec B308 B703 (every part is escaped above)


def _link(address: str) -> SafeString:
    return format_html('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>', address)
