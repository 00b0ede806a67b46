"""How often and how soon something that failed is tried again."""

MAX_ATTEMPTS = 6
#: After so many failures of its own a message no longer holds up those behind it in its stream (2½ minutes).
PASSED_AFTER = 3
_FIRST, _FACTOR, _LONGEST = 30, 4, 3600


def backoff(attempts: int) -> int:
    """Seconds to wait after the ``attempts``-th failure: 30 s, 2 min, 8 min, 32 min, then an hour."""
    return min(_FIRST * _FACTOR ** (attempts - 1), _LONGEST)
