"""How often and how soon something that failed is tried again."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_ATTEMPTS = 6
#: After so many failures of its own a message no longer holds up those behind it in its stream (2½ minutes).
PASSED_AFTER = 3
_FIRST, _FACTOR, _LONGEST = 30, 4, 3600


def asked_for(headers: Mapping[str, str], *, now: datetime) -> int:
    """Seconds for which a receiver wants to be left alone (`Retry-After`, RFC 9110), at most the longest step; else 0.

    ``headers`` are in lower case.
    """
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(int(said[:9]), _LONGEST)
    try:
        until = parsedate_to_datetime(said)
        until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
        return min(max(math.ceil((until - now).total_seconds()), 0), _LONGEST)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0


def backoff(attempts: int) -> int:
    """Seconds to wait after the ``attempts``-th failure: 30 s, 2 min, 8 min, 32 min, then an hour."""
    return min(_FIRST * _FACTOR ** (attempts - 1), _LONGEST)
