"""Chat services by which one person is reached: the room that knows their IDs says who, and how things are said there.

This room knows neither the service nor its people. It makes a delivery for whom the notice names with a `chat` address,
asks again who that is when it is sent, and writes down what the service answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Words:
    """What a message says, and where its reader sees more."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a service made of a part: the error in its own words, and what is to be done about it.

    Attributes:
        wait: seconds, where it only asks for patience.
        nobody: it knows nobody by this ID; trying again would change nothing.
    """

    error: str = ""
    wait: int = 0
    nobody: bool = False


class Service(Protocol):
    """A chat service; ``channel`` is one of `Delivery.Channel`."""

    channel: str

    def contact(self, user: Any, stream: str) -> str:
        """The ID by which ``user`` is reached about ``stream``; empty when they are not, or not any more."""

    def parts(self, words: Words) -> Sequence[str]:
        """``words`` in pieces that the service takes, in the active language."""

    def tell(self, user: Any, stream: str, part: str, *, now: datetime) -> Verdict:
        """Send one part; outside any transaction."""


@dataclass(frozen=True)
class Contact:
    """Where somebody is reached by chat."""

    channel: str
    address: str


_SERVICES: dict[str, Service] = {}


def register(service: Service) -> None:
    """Let people be told by ``service`` from now on; called once, from an app's ``ready()``."""
    _SERVICES[service.channel] = service


def service_of(channel: str) -> Service | None:
    """The service behind a channel."""
    return _SERVICES.get(channel)


def channels() -> list[str]:
    """The channels that lead to a service."""
    return sorted(_SERVICES)


def contact_of(user: Any, stream: str) -> Contact | None:
    """By which service ``user`` is reached about ``stream``, and under which ID; None when by none."""
    found = ((channel, _SERVICES[channel].contact(user, stream)) for channel in channels())
    return next((Contact(channel, address) for channel, address in found if address), None)
