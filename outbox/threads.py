"""What keeps the mails of one stream together in mail programs: the first of them, and the customer's own mail.

Every mail of a stream refers to one id that no mail has (`outbox.rendering.thread_id`), to the first mail of the stream
that this recipient got, and to the mail that the recipient wrote, where there is one. Programs that look for a parent
find one even when the first mail never came; programs that compare subjects find the same subject.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from outbox.models import Delivery


@dataclass(frozen=True)
class Thread:
    """What one mail of a stream refers to; Message-IDs in their brackets, each empty where there is none.

    Attributes:
        first: of the first mail of the stream to this recipient.
        answers: of the mail that the recipient wrote last.
        subject: of the mail that the recipient began with, if its sender was vouched for; nobody else's words stand
            in a subject, for whoever writes in another's name must not reach them by our mails.
    """

    first: str = ""
    answers: str = ""
    subject: str = ""


#: A delivery → what its recipient wrote by mail, or None.
Asked = Callable[[Delivery], Thread | None]
_asked: list[Asked] = []


def register(ask: Asked) -> None:
    """Let ``ask`` say what a recipient wrote by mail; called once, from the receiving room's ``ready()``."""
    if ask not in _asked:
        _asked.append(ask)


def thread_of(delivery: Delivery) -> Thread:
    """What a mail of this delivery refers to."""
    wrote = next((found for ask in _asked if (found := ask(delivery))), Thread())
    return replace(wrote, first=_first(delivery))


def _first(delivery: Delivery) -> str:
    """The first accepted mail of the stream to the same recipient; what is sent again does not refer to itself."""
    mails = Delivery.objects.filter(
        stream=delivery.stream, recipient=delivery.recipient, channel=Delivery.Channel.MAIL
    ).exclude(message_id="")
    rows = mails.exclude(batch=delivery.batch).order_by("intent_id", "pk")
    return rows.values_list("message_id", flat=True).first() or ""
