"""Where the answer to a mail goes. The room that receives mail says it; this one only asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answers:
    """Addresses for what the reader of one mail writes back; empty where there is none of its own."""

    reply: str = ""
    note: str = ""
    """For colleagues: what goes there the customer does not read."""


#: Stream and user (or None) of a message → where its answers go, None where that is not for this room to say.
Ask = Callable[[str, Any], Answers | None]

_asked: list[Ask] = []


def register(ask: Ask) -> None:
    """Let ``ask`` be asked from now on; called once, from an app's ``ready()``."""
    if ask not in _asked:
        _asked.append(ask)


def answers_to(stream: str, user: Any) -> Answers:
    """Where answers to a message of ``stream`` for ``user`` go; without addresses of their own, to its sender."""
    return next((found for ask in _asked if (found := ask(stream, user))), Answers())
