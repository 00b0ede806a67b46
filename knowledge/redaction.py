"""Takes personal data out of a customer's words before they become an article (pure functions)."""

import re
from collections.abc import Iterable

MASK = "***"
# Bounded and guarded in front, or a long run of letters would be tried from every place in it.
_EMAIL = re.compile(r"(?<![A-Za-z0-9_.+%-])[A-Za-z0-9_.+%-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
# Chinese identity cards, mobile and landline numbers, numbers with a country code. Guarded on both sides, so that
# order numbers, versions, addresses of machines and error codes stay: they are what the article is about.
_IDENTITY = re.compile(r"(?<![A-Za-z0-9_])\d{17}[\dXx](?![A-Za-z0-9_])")
_PHONE = re.compile(
    r"(?<![A-Za-z0-9_.-])(?:(?:\+|00)\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?\d{2,4}(?:[ -]?\d{2,4}){1,4}"
    r"|1[3-9]\d[ -]?\d{4}[ -]?\d{4}"
    r"|0\d{2,3}[ -]\d{7,8}"
    r"|\(0\d{2,3}\) ?\d{7,8}"
    r"|400[ -]\d{3}[ -]\d{4})(?![A-Za-z0-9_])(?!\.\d)"
)
_SECRET = re.compile(r"(?i)((?:password|passwd|pwd|secret|token|api[_ -]?key|密码|口令|密钥)\s*[:=：]\s*)\S+")


def redact(text: str, names: Iterable[str] = ()) -> str:
    """``text`` with e-mail addresses, phone and identity numbers, passwords and ``names`` masked."""
    text = _SECRET.sub(rf"\g<1>{MASK}", text)
    for pattern in (_EMAIL, _IDENTITY, _PHONE):
        text = pattern.sub(MASK, text)
    for name in sorted({name.strip() for name in names if len(name.strip()) >= 2}, key=len, reverse=True):
        edge = r"\b" if name.isascii() else ""
        text = re.sub(f"{edge}{re.escape(name)}{edge}", MASK, text, flags=re.IGNORECASE)
    return text
