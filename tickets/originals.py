"""Whether the mail that a message came from is still there as it came: the room that receives mail knows."""

from collections.abc import Callable, Collection

#: Ids of messages → those that came from a mail, and whether its bytes are still kept.
Ask = Callable[[Collection[int]], dict[int, bool]]

_asked: list[Ask] = []


def register(ask: Ask) -> None:
    """Let ``ask`` be asked from now on; called once, from an app's ``ready()``."""
    if ask not in _asked:
        _asked.append(ask)


def kept_of(messages: Collection[int]) -> dict[int, bool]:
    """For the messages that came from a mail: whether its original is kept. Nothing is asked about none."""
    found: dict[int, bool] = {}
    for ask in _asked if messages else ():
        found |= ask(messages)
    return found
