"""What this room forgets, for the hourly job and for `manage.py prune`: every way in says for itself what is old."""

from collections.abc import Callable

from intake.alerts.retention import prune as prune_alerts
from intake.chat.retention import prune as prune_chats
from intake.mail.retention import prune as prune_mails
from intake.wecom.retention import prune as prune_wecom

#: Way in → what deletes its old rows before ``now`` and says how many of each kind. Each is safe to run twice.
WAYS_IN: dict[str, Callable[..., dict[str, int]]] = {
    "alerts": prune_alerts,
    "wecom": prune_wecom,
    "mails": prune_mails,
    "chats": prune_chats,
}
