"""Where the answer to a mail goes. The room that receives mail says it; this one only asks."""

from collections.abc import Callable
from typing import Any

#: Stream and user (or None) of a message → the address for its answers, empty where there is none of its own.
Address = Callable[[str, Any], str]

_asked: list[Address] = []


def register(address: Address) -> None:
    """Let ``address`` be asked from now on; called once, from an app's ``ready()``."""
    if address not in _asked:
        _asked.append(address)


def reply_address(stream: str, user: Any) -> str:
    """The address to which an answer to a message of ``stream`` for ``user`` goes; empty: to the sender, as always."""
    return next((found for ask in _asked if (found := ask(stream, user))), "")
