"""What senders of mails are told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models.functions import Lower

from intake.mail.receiving import MOST_BYTES
from intake.models import InboundMail
from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient


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


NOTICES = [TooLarge()]
