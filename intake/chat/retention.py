"""What is forgotten of chats: the secrets of old ones, and which sending became which message. The ticket stays."""

from datetime import datetime

from intake.chat.models import FORGOTTEN, ChatConversation, ChatLine

_BATCH = 500


def prune(*, now: datetime) -> dict[str, int]:
    """Forget secrets thirty days after the last word of either side; how many. Safe to run twice."""
    total = 0
    lasting = ChatConversation.objects.lasting(now=now).values("pk")
    old = ChatConversation.objects.exclude(secret_hash=FORGOTTEN).exclude(pk__in=lasting).order_by("pk")
    while batch := list(old.values_list("pk", flat=True)[:_BATCH]):
        ChatLine.objects.filter(conversation__in=batch).delete()
        ChatConversation.objects.filter(pk__in=batch).update(secret_hash=FORGOTTEN)
        total += len(batch)
    return {"secrets": total}
