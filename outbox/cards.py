"""What a chat robot shows, before any chat service's own markup."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """One message: a headline, facts as (label, value), lines as (text, address or nothing), and where it leads."""

    title: str
    url: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    is_alarm: bool = False
