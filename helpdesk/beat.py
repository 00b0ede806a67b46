"""The scheduler of beat: it rings only where there is room, so that a stopped worker meets no flood."""

from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry

from outbox.doorbell import may_ring


class BoundedScheduler(PersistentScheduler):
    """Skips a ring whose queue is full of rings that nobody heard; it comes again with its next tick."""

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        """Ring, unless enough rings wait already. The caller has moved the entry to its next time either way."""
        queue = (entry.options or {}).get("queue")
        if producer and queue and not may_ring(producer, queue):
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **kwargs)
