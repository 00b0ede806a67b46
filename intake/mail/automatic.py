"""Mails that no person wrote now: automatic replies and lists (RFC 3834, RFC 2919, RFC 2369)."""

import re

from intake.mail.headers import Headers
from intake.mail.subjects import is_reply

_SUBJECT = re.compile(
    r"^\W*(?:(?:re|aw|回复|答复)\s*[:：]\s*)*\W*(?:"
    r"(?:系统)?自动(?:回复|答复|应答)|ooo\s*[:：]|自動(?:回覆|回复|答覆)|自动回信|休假(?:自动)?回复|外出(?:自动)?(?:回复|通知)|不在办公室|不在辦公室|自動応答|不在通知|자동\s*(?:회신|응답)"
    r"|auto(?:mat(?:ic|ed|ische?|isch|yczna))?[\s-]*(?:reply|replied|response|respons|antwort|antwoord|svar"
    r"|acknowledge?ment)|autoreply|auto-?responder"
    r"|out[\s-]+of[\s-]+(?:the[\s-]+)?(?:office|town)|(?:on|away on)\s+(?:vacation|holiday|leave)\b"
    r"|vacation(?:\s+(?:reply|notice|message)|:)|away\s+from\s+(?:the|my)\s+(?:office|desk|mail)"
    r"|i(?:'m| am)\s+(?:away|out of)|abwesenheit|abwesend|automatische\s+(?:antwort|abwesenheit)"
    r"|ich bin (?:im urlaub|nicht|abwesend)"
    r"|réponse\s+automatique|absence\s+du\s+bureau|en\s+(?:congés?|vacances)|absent\s+du\s+bureau"
    r"|respuesta\s+automática|fuera\s+de\s+(?:la\s+)?oficina"
    r"|risposta\s+automatica|fuori\s+(?:sede|ufficio)|resposta\s+automática|ausência|fora\s+do\s+escritório"
    r"|autosvar|frånvaro|fravær|automatisch\s+antwoord|afwezig"
    r"|automatyczna\s+odpowied|odpowied[zź]\s+automatyczna|nieobecno|автоответ|автоматический\s+ответ"
    r"|vastaus\s+automaattinen|automaattinen\s+vastaus|poissa\s+toimistosta"
    r"|otomatik\s+yanıt|automatická\s+odpověď|automatikus\s+válasz"
    r")",
    re.IGNORECASE,
)
#: Programs that ask the sender to prove that he is a person, and acknowledgements of other helpdesks say so in words.
_CHALLENGE = re.compile(
    r"(?:confirm|verify|validate)\w*\b.{0,60}\b(?:your\s+(?:e-?mail|message)|you are (?:a|not a)"
    r"|address).{0,200}(?:click|reply|follow|link|visit)"
    r"|(?:your (?:e-?mail|message)|message you sent).{0,80}\b(?:is being held|requires? verification"
    r"|has been (?:held|quarantined)|waiting (?:list|for)|pending)"
    r"|guest\s+list|challenge[/-]response|spam\s?arrest|anti-?spam\s+(?:verification|confirmation)"
    r"|whitelist(?:ed)?\s+(?:request|me|yourself)",
    re.IGNORECASE | re.DOTALL,
)
_VACATION = re.compile(
    r"this is an automat(?:ic|ed)(?:ally generated)? (?:reply|response|message)"
    r"|automatic(?:ally)? (?:generated )?repl(?:y|ied)"
    r"|i (?:am|will be) (?:currently )?(?:away|out of (?:the )?(?:office|town)|on (?:vacation|holiday|leave))"
    r"|这是一封自动(?:回复|答复)|您?的?(?:来信|邮件)(?:我)?已(?:经)?收到.{0,30}自动"
    r"|(?:此邮件|本邮件)(?:为|是|由)系统自动(?:回复|答复)",
    re.IGNORECASE,
)
#: «Auto: Re: Printer»; alone it may be the beginning of anybody's subject (a car, in German).
_AUTO = re.compile(r"\s*auto\s?:", re.IGNORECASE)
_REPLY_FIELDS = (
    "x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-autoresponder", "x-auto-reply",
    "x-auto-answer", "x-qq-autoreply",
)  # fmt: skip
_PRECEDENCE_REPLY = re.compile(r"\bauto[_-]?reply\b", re.IGNORECASE)


def is_auto_reply(headers: Headers, sender: str, subject: str, text: str) -> bool:
    """Whether a program answered. X-Auto-Response-Suppress alone is no sign: people's programs write it too."""
    submitted = headers.get("auto-submitted").lower()
    if submitted and not submitted.startswith("no"):
        return True
    if any(headers.has(name) for name in _REPLY_FIELDS) and headers.get("x-autoreply").lower() not in ("no", "false"):
        return True
    if _PRECEDENCE_REPLY.search(headers.get("precedence")) or _PRECEDENCE_REPLY.search(headers.get("x-precedence")):
        return True
    if _SUBJECT.match(subject[:300]) or (_AUTO.match(subject) and _answers(headers, subject)):
        return True
    if headers.has("x-boxbe-message-type") or headers.has("x-asg-challenge"):
        return True
    return _is_from_program(headers, sender) and bool(_VACATION.search(text[:1500]) or _CHALLENGE.search(text[:3000]))


def _answers(headers: Headers, subject: str) -> bool:
    return headers.has("in-reply-to") or headers.has("references") or is_reply(subject.partition(":")[2])


def _is_from_program(headers: Headers, sender: str) -> bool:
    """Signs that are none alone, and enough together with the words."""
    path = headers.get("return-path").strip()
    local = sender.lower().partition("@")[0]
    return (
        path == "<>"
        or local
        in ("mailer-daemon", "postmaster", "autoreply", "auto-reply", "noreply", "no-reply", "donotreply", "vacation")
        or headers.get("precedence").lower() in ("bulk", "junk")
        or headers.has("x-auto-response-suppress")
    )


def is_list(headers: Headers) -> bool:
    """Whether a list or a bulk mailing brought this."""
    if any(
        headers.has(name)
        for name in ("list-id", "list-post", "list-unsubscribe", "mailing-list", "x-mailing-list", "x-mailman-version")
    ):
        return True
    return headers.get("precedence").strip().lower() in ("list", "bulk")
