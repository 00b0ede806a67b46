"""What is forgotten of alerts: the messages word for word, and alerts that were over half a year ago."""

from datetime import datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery

from intake.alerts.models import Alert, AlertPost, AlertSource, AlertStorm

KEEP_POSTS = timedelta(days=7)
#: What was not understood waits for somebody to mend the mapping.
KEEP_FAILED = timedelta(days=30)
#: Of one source, however much it sends.
MOST_POSTS = 2000
KEEP_ALERTS = timedelta(days=180)
_BATCH = 500


def prune(*, now: datetime) -> dict[str, int]:
    """Delete what is old enough; how many of each. Safe to run twice. What was not taken in yet stays."""
    posts = AlertPost.objects.exclude(state=AlertPost.State.PENDING)
    done = posts.filter(state=AlertPost.State.DONE, received_at__lt=now - KEEP_POSTS)
    failed = posts.filter(received_at__lt=now - KEEP_FAILED)
    gone = _delete(done) + _delete(failed)
    newest = AlertPost.objects.filter(source=OuterRef("pk")).order_by("-id").values("pk")[MOST_POSTS : MOST_POSTS + 1]
    for source_id, last in AlertSource.objects.annotate(last=Subquery(newest)).values_list("pk", "last"):
        if last is not None:
            gone += _delete(posts.filter(source=source_id, pk__lte=last))
    quiet = Alert.objects.filter(state=Alert.State.RESOLVED, last_seen_at__lt=now - KEEP_ALERTS)
    storms = AlertStorm.objects.filter(last_at__lt=now - KEEP_ALERTS)
    return {"posts": gone, "alerts": _delete(quiet), "storms": _delete(storms)}


def _delete(rows: QuerySet) -> int:
    """Batch by batch, so that no lock is held for long."""
    total = 0
    while batch := list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        rows.model._default_manager.filter(pk__in=batch).delete()
        total += len(batch)
    return total
