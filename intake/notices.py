"""What senders of mails are told, and visitors who left a chat."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models.functions import Lower

from intake.mail.receiving import MOST_BYTES
from intake.models import ChatConversation, InboundMail
from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient
from tickets.choices import MessageKind
from tickets.models import Message, Ticket


class TooLarge(Notice):
    """Says to the sender of a mail that it was too large, with none of its words; a flood is held back."""

    kind = "mail.too_large"
    channels = ("mail",)
    limit = (3, 3600)

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        mail = InboundMail.objects.select_related("mailbox").filter(pk=intent.payload["mail"]).first()
        if mail is None or not mail.sender:
            return []
        known = get_user_model().objects.alias(key=Lower("email")).filter(key=mail.sender.lower()).first()
        if known:
            return [Recipient.of(known, ("mail",))] if known.is_active else []
        language = mail.mailbox.language if mail.mailbox else settings.LANGUAGE_CODE
        return [Recipient(f"mail:{mail.sender}"[:120], None, mail.sender, language, ("mail",))]

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        return {"limit": MOST_BYTES // (1024 * 1024)}


class ChatAnswered(Notice):
    """Takes answers to an address that a visitor typed: the colleagues' words alone, none of the visitor's.

    The address may be anybody's. So it opens nothing: no private link, no way to write in the visitor's name. What its
    owner answers waits at the ticket until somebody lets it in, as every stranger's mail does.
    """

    kind = "chat.answered"
    channels = ("mail",)
    limit = (3, 3600)
    shows_progress = True

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        chat = ChatConversation.objects.filter(pk=intent.payload["conversation"]).exclude(claimed_email="").first()
        if chat is None:
            return []
        address = chat.claimed_email
        return [Recipient(f"mail:{address}"[:120], None, address, chat.language, ("mail",))]

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        payload = intents[0].payload
        chat = ChatConversation.objects.select_related("widget").get(pk=payload["conversation"])
        answers = Message.objects.filter(
            ticket__requester=chat.visitor_id,
            kind=MessageKind.PUBLIC,
            author__isnull=False,
            pk__gt=payload["after"],
            pk__lte=payload["message"],
        )
        said = list(answers.select_related("author").order_by("pk"))
        ticket = Ticket.objects.get(pk=payload["ticket"])
        return {"ticket": ticket, "answers": said, "widget": chat.widget}

    def team_of(self, intent: Intent) -> int | None:
        chat = ChatConversation.objects.select_related("ticket").filter(pk=intent.payload["conversation"]).first()
        return chat.ticket.team_id if chat else None


NOTICES = [TooLarge(), ChatAnswered()]
