"""Which events a webhook can choose. The outbox knows none of them: the rooms register what they tell."""

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

_EVENTS: dict[str, str | Promise] = {}
#: What «send a test» sends; nobody chooses it.
TEST = "webhook.test"


def register(event: str, label: str | Promise) -> None:
    """Make ``event`` known under ``label``; called from an app's ``ready()``.

    Raises:
        ImproperlyConfigured: when another room has it.
    """
    if event == TEST or _EVENTS.setdefault(event, label) is not label:
        raise ImproperlyConfigured(f"the event {event!r} is taken")


def events() -> dict[str, str | Promise]:
    """Every event with its label, in the order in which they were registered."""
    return dict(_EVENTS)
