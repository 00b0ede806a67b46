"""The HTML of a mail, kept beside the message that was made of its text."""

from tickets.mail_html import MOST, measure
from tickets.models import Message, MessageSource


def keep_original(*, message: Message, html: str) -> MessageSource | None:
    """Keep ``html`` as the original of a new ``message``, in its transaction; None when there is none.

    What is longer than a mail should be is cut off: the cleaning closes what stays open.
    """
    bounded = html.replace("\x00", "")[:MOST]
    if not bounded.strip():
        return None
    height, remote = measure(bounded)
    return MessageSource.objects.create(message=message, html=bounded, height=height, remote_images=remote)
