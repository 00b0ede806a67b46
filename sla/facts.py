"""What deadlines know of a ticket: handed down by `tickets`, so that `sla` imports nothing above itself."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Facts:
    """A ticket as the engine sees it.

    Attributes:
        cycle: the resolution cycle; reopening begins a new one.
        cycle_started_at: when that cycle began (creation, or the reopening); elapsed time is carried from there.
        is_resolved: nobody works on it any more.
        waiting_since: since when a message of the customer waits for an answer after the first one; None when none
            does.
        service_level: of the customer's organization, empty when there is none.
    """

    ticket_id: int
    severity: str
    status: str
    cycle: int
    cycle_started_at: datetime
    is_resolved: bool = False
    waiting_since: datetime | None = None
    service_level: str = ""
    organization_id: int | None = None
    team_id: int | None = None
    category_id: int | None = None
