"""The words by which mail servers say that a mail did not arrive."""

import re

#: A dot twice in a row was made unreadable on purpose, and a domain without a dot is the machine itself.
ADDRESS = re.compile(
    r"(?<![\w.+=/-])[\w+=&'*#!$%/?^{|}~-]{1,64}(?:\.[\w+=&'*#!$%/?^{"
    r"|}~-]{1,64}){0,10}@[\w#-]{1,64}(?:\.[\w-]{1,64}){1,10}"
)
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
SMTP_CODE = re.compile(r"(?<![\d.,:/#-])([45]\d\d)(?=[\s-])(?!\s*(?:bytes|KB|MB|messages|hours|lines))")

DAEMON = re.compile(
    r"mailer[._-]?daemon|mail[._-]?daemon|postmaster|mail\s+delivery\s+(?:sub)?system|mail\s+deliver|maildelivery"
    r"|mailerdaemon|mail\s+administrator"
    r"|microsoft[\s._]?exchange[0-9a-f]{0,40}@|^exchange@|mail\s+system|<>|mmdf|system\s*administrator|系统退信|邮件系统"
    r"|mail\s+router|bounce[sd]?@|^daemon@",
    re.IGNORECASE,
)
#: The sentence of a program to the writer.
TOLD = re.compile(rf"your message could not be delivered to:?\s{{1,20}}<?{ADDRESS.pattern}", re.IGNORECASE)
#: Senders that are programs, if not those that deliver.
MACHINE = re.compile(
    r"^(?:no-?reply|do-?not-?reply|admin|administrator|system|root|.*(?:virus|gateway|scan|filter|mailer|delivery"
    r"|guard))[^@]*@",
    re.IGNORECASE,
)
FAILED_SUBJECT = re.compile(
    r"undeliver|non-?deliver|not?\s+deliver|delivery\s+(?:status\s+)?(?:notification|report|failure|failed|error"
    r"|problem|has\s+failed|delay|incomplete|status)"
    r"|deliver[yi]\w*\s+(?:of\s+)?.{0,40}fail|failure\s+notice|failed\s+mail|fail(?:ed|ure)\b.{0,20}deliver"
    r"|returned\s+(?:e-?)?mail|mail\s+(?:was\s+)?return|returned\s+to\s+sender"
    r"|mail\s+(?:system\s+)?(?:error|failure|delivery)|message\s+(?:status|delivery|not\s+deliver|rejected"
    r"|undeliver|delayed|could)|nondeliverable|could\s+not\s+(?:be\s+)?(?:send|sent|deliver)"
    r"|user\s+unknown|unknown\s+user|host\s+unknown|unzustellbar|nicht\s+zugestellt|zustell|non\s+remis"
    r"|non\s+distribu|échec|mancata\s+consegna|devuelto|no\s+entregado|não\s+entregue|kan\s+niet"
    r"|warning:\s+(?:message|could)|message\s+still\s+undelivered|rejected|mail\s+not\s+delivered|bounced?\b|系统退信"
    r"|退信|投递失败|发送失败|无法投递|投遞|傳送失敗|无法送达|未送达|無法傳遞|未傳遞|配信不能|送信失敗"
    r"|не\s*доставлен|недоставлен|zwrot|nie\s+dostarcz|permanent\s+(?:error|failure)|transient|quota"
    r"|mailbox\s+(?:full|unavailable)|delivery\s*$|notificación\s+de\s+entrega",
    re.IGNORECASE,
)
FAILED_TEXT = re.compile(
    r"(?:could|can|was|were|has|have|is|been)\s*(?:not|n['’]t|never)\s+(?:be\s+|been\s+)?(?:deliver|sent|send"
    r"|reach|process|accept|find|route|complet|relay|transfer)\w*|undeliver|non-?deliver"
    r"|(?:unable|failed|not\s+able)\s+to\s+(?:deliver|send|relay|route|reach|find|process)"
    r"|deliver\w*\s+(?:\w+\s+){0,6}fail|fail\w*\s+(?:\w+\s+){0,4}deliver|permanent(?:ly)?\s+(?:fatal\s+)?(?:error"
    r"|fail|deliv)"
    r"|(?:user|recipient|mailbox|address|account|host|domain|name|addressee)\w*\s+(?:\S+\s+){0,4}(?:unknown"
    r"|not\s+(?:found|exist|known|listed|valid|available|active)|full|disabled|inactive|unavailable|invalid"
    r"|does\s*n[o']t\s+exist|rejected|over)"
    r"|(?:unknown|no\s+such|invalid|bad|unrecognized)\s+(?:local\s+)?(?:user|recipient|address|mailbox|host|domain"
    r"|account|destination)|not\s+a\s+valid\s+(?:user|recipient|address|mailbox|account)|does\s+not\s+(?:exist"
    r"|have\s+an?\s+account)|(?:over|exceed\w*|out\s+of)\s+(?:\w+\s+){0,4}(?:quota|storage|size|space|limit)"
    r"|quota\s+(?:\w+\s+)?exceed|disk\s+full|message\s+(?:\w+\s+){0,6}(?:reject|refus|block|return|bounc|delay"
    r"|queue|discard|denied)|(?:reject|return|refus|block|bounc)\w*\s+(?:\w+\s+){0,5}(?:message|mail|sender|spam"
    r"|recipient|by)"
    r"|relay(?:ing)?\s+(?:denied|not|prohibited|access)|\b5\d\d[\s-]|\b[45]\.\d\.\d\b|transcript\s+of\s+session"
    r"|not\s+(?:yet\s+)?been\s+delivered|returned\s+(?:mail|message)|退信|投递失败|无法(?:投递|送达|发送|到达)|未(?:能|被)?(?:送达|投递)"
    r"|收件人(?:地址)?不存在|拒收|被拒绝|邮箱(?:已满|不存在)"
    r"|spam|virus|nicht\s+zugestellt|unzustellbar|n['’]a\s+pas\s+pu|non\s+remis|no\s+se\s+(?:pudo|ha\s+podido)"
    r"|impossibile\s+consegnare|não\s+foi\s+possível|не\s+(?:может|удалось|была?о?)\s+.{0,20}достав",
    re.IGNORECASE,
)
#: Words of a person who is away, or of a program that asks for a confirmation: no failure.
PERSONAL = re.compile(
    r"\b(?:i|we)\s*(?:am|'m|’m|will\s+be|are)\s+(?:\w+\s+){0,3}(?:away|out\s+of|on\s+(?:vacation|holiday|leave))"
    r"|out\s+of\s+(?:the\s+)?office|auto(?:matic)?[\s-]?(?:reply|respon)|guest\s*list|waiting\s+list|whitelist"
    r"|please\s+(?:click|confirm)|urlop|自动回复",
    re.IGNORECASE,
)
LATER = re.compile(
    r"\bdelay(?:ed|ing)?\b|warning:?\s+(?:message|could\s+not)|warning\s+message|not\s+yet\s+been\s+delivered"
    r"|will\s+(?:keep|continue|be\s+retr|retry|try|not\s+be\s+returned)|still\s+(?:being\s+)?(?:tr|undeliver|retr"
    r"|queued)|continu\w+\s+to\s+try"
    r"|temporar(?:y|ily)|transient|do\s+not\s+need\s+to\s+resend|延迟|延遲|稍后(?:重试|再试)|继续(?:尝试|投递)|verzögert|retard",
    re.IGNORECASE,
)
#: Stronger than every word of a final failure beside it.
SURELY_LATER = re.compile(
    r"attempts?\s+will\s+continue|will\s+(?:keep|continue)\s+(?:to\s+)?(?:try|be\s+(?:made|tried|retried))"
    r"|will\s+be\s+retr"
    r"|not\s+yet\s+been\s+delivered|do\s+not\s+need\s+to\s+re-?send|this\s+is\s+a\s+warning\s+message\s+only"
    r"|将继续(?:尝试|投递)",
    re.IGNORECASE,
)
FOR_GOOD = re.compile(
    r"giv(?:e|en|ing)\s+up|permanent|fatal|\b5\d\d[\s-]|(?<![\d.])5\.\d{1,3}\.\d{1,3}|has\s+failed|undeliverable"
    r"|returned\s+(?:to|mail)|too\s+long|final(?:ly)?\b.{0,20}fail|delivery\s+failure|after\s+\d+\s+attempt"
    r"|could\s+not\s+be\s+delivered\s+to|退信|unknown\s+user|user\s+unknown",
    re.IGNORECASE,
)

_COPY = re.compile(
    r"^[ \t>]{0,8}(?:[-_=*]{2,80}.{0,40}\b(?:below\s+this\s+line\s+is\s+a\s+copy|copy\s+of\s+(?:the"
    r"|your)\s+message|original\s+message|returned\s+message|unsent\s+message|message\s+header|the\s+original"
    r"|start\s+of\s+(?:the\s+)?(?:original|returned)|原始邮件|undelivered\s+message)"
    r"|(?:unsent|original|returned)\s+(?:mail\s+|e-?mail\s+)?(?:message|mail|headers?|text)\s*(?:follows|is|:"
    r"|attached|begins)|(?:the\s+)?(?:first|header|text|body|content)s?\b.{0,40}\b(?:of\s+)?(?:the\s+"
    r"|your\s+)?(?:original|returned|failed)?\s*(?:message|mail|letter)\s*(?:follow|is|was|:)"
    r"|(?:your|the)\s+(?:original\s+)?(?:message|mail)\s+(?:follows|reads|began)\b|message\s+(?:text\s+)?follows"
    r"|original\s+message\s+(?:details|headers)|received:\s+(?:from|by|\(|via)|return-path:\s|----\s*start\s+of"
    r"|x-envelope-from:|"
    r"message-id:\s*<|\|-+\s*message\s+(?:log|text)).{0,200}$",
    re.IGNORECASE | re.MULTILINE,
)
COPIED_HEADER = re.compile(
    r"^[> ]{0,4}(?:received|return-path|message-id|from|date|to|subject|mime-version|x-[\w-]+|dkim-signature):",
    re.IGNORECASE | re.MULTILINE,
)

_SEARCHED = 200_000
_JUDGED = 12_000
_ENDLESS = re.compile(r"\S{200,}+")

_REASONS = (
    ("over_quota",
        r"quota|mailbox\s+(?:\w+\s+){0,2}full|full\s+mailbox|(?:mailbox|account)\s+(?:\S+\s+){0,3}(?:exceed|size"
        r"|storage|limit)|insufficient\s+(?:system\s+)?(?:disk|storage|space)|exceed\w*\s+(?:\w+\s+){0,3}(?:space"
        r"|storage)|disk\s+full|out\s+of\s+(?:disk\s+)?space|邮箱(?:已满|空间)|[45]\.2\.2"),
    ("too_large",
        r"message\s+(?:\w+\s+){0,2}too\s+(?:large|big)|(?:message|mail)\s+(?:size|length)|(?:size"
        r"|length)\s+(?:\w+\s+){0,3}(?:exceed|limit)|too\s+large|5\.3\.4|5\.2\.3|邮件(?:过大|超过)"),
    (
        "domain_error",
        r"host\s+(?:or\s+domain\s+(?:name\s+)?)?(?:\w+\s+)?(?:unknown|not\s+found)|unknown\s+host"
        r"|no\s+such\s+(?:host|domain)"
        r"|name\s+or\s+service\s+not\s+known|name\s+(?:server|resolution)|unrouteable"
        r"|domain\s+(?:\w+\s+){0,3}(?:not\s+(?:exist|found)|unknown)"
        r"|couldn['’]?t\s+find\s+any\s+host|no\s+mx|5\.1\.2|5\.4\.4|bad\s+destination\s+(?:host|system)|域名",
    ),
    ("user_unknown",
        r"(?:user|mailbox|recipient|address|account)\s+(?:\S{1,80}\s+){0,2}(?:is\s+)?(?:unknown|not\s+(?:found"
        r"|known|listed|active))|unknown\s+(?:user|recipient|address|mailbox|local)|no\s+such\s+(?:user|recipient"
        r"|address|mailbox|person|account)|does\s*n[o'’]t\s+(?:exist|have)|no\s+mailbox|mail-?box\s+not"
        r"|invalid\s+(?:recipient|mailbox|address|user)|not\s+a\s+(?:valid|known)\s+(?:user|mailbox|address"
        r"|recipient|account)|addressee\s+unknown|user\s+doesn|5\.1\.1\b|5\.1\.10|(?:收件人|用户|邮箱)(?:地址)?不存在"
        r"|deactivated|no\s+account|not\s+our\s+customer|recipient\s+(?:name\s+)?(?:is\s+)?not\s+recognized"
        r"|not\s+listed\s+in"),
    ("spam",
        r"\bspam|\buce\b|unsolicited|junk|black\s*list|block(?:ed|ing|list)|listed\s+(?:in|at|on|by)|spamhaus"
        r"|\brbl\b|dnsbl|uribl|surbl|content\s+(?:filter|reject|refus|is\s+not)|reputation|suspect|bulk\s+mail"
        r"|polic(?:y|ies)|security|banned|virus|垃圾邮件|5\.7\.[01]|denied|prohibited|forbidden|refused"
        r"|not\s+accept(?:ed|ing)"),
    ("user_unknown", r"5\.1\.[06]|\b55[013]\s|disabled|inactive|unavailable|not\s+found"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _REASONS)


def report_of(text: str) -> str:
    """The report itself, without the copy of the mail that came back."""
    found = _COPY.search(text[:_SEARCHED])
    return text[: found.start()] if found and text[: found.start()].strip() else text


def shortened(text: str) -> str:
    """The beginning of a report, without the endless words that patterns would walk over again and again."""
    return _ENDLESS.sub(" ", text[:_JUDGED])


def reason(said: str, status: str) -> str:
    """Why a mail came back, as far as the words tell."""
    said = f"{status} {said[:6000]}"
    return next((name for name, pattern in _COMPILED if pattern.search(said)), "")


#: X.400 and others write the kind of an address before it.
_PREFIX = re.compile(r"^(?:smtp|rfc822|mailto)[=;:]", re.IGNORECASE)
_STOP_LINE = re.compile(
    r"^[\s>]*(?:from|sender|reply-to|message-?id|in-reply-to|references|x-[\w-]+|subject|date|received"
    r"|reporting-mta|return-path)\b\s*[:=]|\bMAIL FROM\b|e-?mail\s+us|contact|please\s+(?:send|write|forward)"
    r"|questions?\b",
    re.IGNORECASE,
)
_NOT_A_PERSON = re.compile(
    r"^(?:mailer-daemon|mail-daemon|postmaster|mailerdaemon|abuse|support|helpdesk|webmaster|noreply|no-reply)@",
    re.IGNORECASE,
)


#: Behind these words stand the addresses in question, before them others may.
_LIST_BEGINS = re.compile(
    r"following\s+(?:e-?mail\s+)?(?:recipient|address|user|destination)|did\s+not\s+reach"
    r"|permanent\s+fatal\s+errors|address(?:es)?(?:\(es\))?\s+(?:have\s+)?failed"
    r"|(?:deliver\w*|sent|send)\s+(?:\w+\s+){0,3}to\s*:|not\s+delivered\s+to|failed\s+to\s+(?:these"
    r"|the\s+following)|收件人[:：]?|无法(?:投递|发送|送达)到",
    re.IGNORECASE,
)
#: «the address X did not match», «user X is unknown».
_DIRECT = re.compile(
    rf"\b(?:addressed|address|recipient|user|mailbox|account),?\s+<?({ADDRESS.pattern})>?,?\s+(?:did|does|is|was"
    rf"|has)\s",
    re.IGNORECASE,
)
_NOTE = re.compile(r"expanded from|generated from|addressed to|original(?:ly)? (?:to|address)", re.IGNORECASE)


def recipients(report: str, own: set[str]) -> list[str]:
    """The addresses that a report in words complains of: those in it that are neither the reporter's nor ours."""
    named = list(dict.fromkeys(_DIRECT.findall(report)))
    if named and not own.intersection(address.lower() for address in named):
        return named
    begin = _LIST_BEGINS.search(report)
    if begin:
        found = _collected(report[begin.start() :], own)
        if found:
            return found
    return _collected(report, own)


def _collected(report: str, own: set[str]) -> list[str]:
    found: dict[str, str] = {}
    for line in report.split("\n")[:400]:
        if "@" not in line or (_STOP_LINE.search(line[:300]) and not _NOTE.search(line)):
            continue
        for address in ADDRESS.findall(line[:1000]):
            own_name = _PREFIX.sub("", address).strip("'")
            lower = own_name.lower()
            if lower not in own and not _NOT_A_PERSON.match(lower):
                found.setdefault(lower, own_name)
    return list(found.values())
