"""What mail programs put before a subject, in the languages of their users."""

import re

_REPLY = (
    "re|回复|回覆|答复|答覆|回信|返信|回复全部|主题回复|답장|aw|antw|antwort|sv|svar|vs"
    "|réf|ref|rép|rif|res|odp|ynt|vá|отв|ответ|отг"
)
_FORWARD = (
    "fwd|fw|转发|轉寄|轉發|转寄|転送|전달|wg|tr|rv|enc|pd|vb|vl|doorst|vidarebefordrat|vidarebef"
    "|továbbítás|ilt|переслано|пересл|trans"
)
_AUTOMATIC = "自动回复|自動回覆|自动答复|automatic reply|auto(?:matic)? ?reply|automatische antwort|réponse automatique"
_COUNT = r"(?:\s?[\[(（]\d{1,3}[\])）]|\^\d{1,3}|\*\d{1,3})?"
_ANY = re.compile(rf"\s*(?:{_REPLY}|{_FORWARD}|{_AUTOMATIC}){_COUNT}\s*[:：]\s*", re.IGNORECASE)
_IS_REPLY = re.compile(rf"\s*(?:{_REPLY}){_COUNT}\s*[:：]", re.IGNORECASE)
_IS_FORWARD = re.compile(rf"\s*(?:(?:{_FORWARD}){_COUNT}\s*[:：]|\[fwd:)", re.IGNORECASE)
_MOST = 50


def strip_prefixes(subject: str) -> str:
    """The subject without «Re:», «回复：», «Fwd:» and the like, however many. Nothing else of it changes.

    >>> strip_prefixes("Re：Re: 答复: Printer is offline")
    'Printer is offline'
    """
    position = 0
    for _ in range(_MOST):
        found = _ANY.match(subject, position)
        if not found:
            break
        position = found.end()
    return subject[position:].strip()


def is_reply(subject: str) -> bool:
    """Whether the outermost prefix says that this is an answer."""
    return bool(_IS_REPLY.match(subject))


def is_forward(subject: str) -> bool:
    """Whether the outermost prefix says that a mail is passed on."""
    return bool(_IS_FORWARD.match(subject))
