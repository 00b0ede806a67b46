"""The text of a message as safe HTML: customers write plain text, staff and the product write Markdown."""

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from knowledge.markdown import render
from tickets.choices import MessageKind
from tickets.models import Message

# Stops before what usually ends a sentence, in both scripts.
_LINK = re.compile(
    r"https?://[^\s<>\"'`，。；：！？、（）《》「」【】]{1,2000}[^\s<>\"'`，。；：！？、（）《》「」【】.,;:!?)\]}]"
)


def message_html(message: Message) -> SafeString:
    """What stands in the page for ``message``."""
    return plain_html(message.body) if message.kind == MessageKind.CUSTOMER else render(message.body)


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
