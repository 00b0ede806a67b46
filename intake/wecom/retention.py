"""What is forgotten of WeCom: messages word for word, once they are tickets or were put away."""

from datetime import datetime, timedelta

from intake.wecom.models import WecomMessage

KEEP_DONE = timedelta(days=30)
#: Whoever is not known by then will not be.
KEEP_WAITING = timedelta(days=90)


def prune(*, now: datetime) -> dict[str, int]:
    """Delete what is old enough; how many. Safe to run twice. What was not taken in yet stays."""
    State = WecomMessage.State
    rows = WecomMessage.objects.exclude(state=State.PENDING)
    done, _rows = rows.filter(state__in=[State.DONE, State.DISMISSED], received_at__lt=now - KEEP_DONE).delete()
    waiting, _rows = rows.filter(received_at__lt=now - KEEP_WAITING).delete()
    return {"done": done, "waiting": waiting}
