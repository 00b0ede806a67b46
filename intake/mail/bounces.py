"""Mails that come back: what failed, for whom, and which of our mails it was (RFC 3464, and programs that know none).

A report that a machine was meant to read is read as such. Other reports are recognised by who writes and in which
words; the addresses are then those that stand in the report itself, before the copy of the mail that came back.
"""

import re
from dataclasses import dataclass

from intake.mail import bounce_words as words
from intake.mail.headers import Headers, message_ids, split_headers
from intake.mail.structure import Node, walk

_MAX_RECIPIENTS = 100
#: What of a mail that came back tells whose it was.
_OURS = (
    "message-id",
    "references",
    "in-reply-to",
    "from",
    "to",
    "subject",
    "date",
    "auto-submitted",
    "x-helpdesk-id",
    "list-id",
)


_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_STATUS_FIELDS = re.compile(rb"^(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Bounce:
    """A report of one mail that did not arrive, or not yet.

    `action` is the word of RFC 3464 (failed, delayed), `status` its three numbers or empty, `smtp_code` the answer of
    the other server or empty, `reason` one of user_unknown, over_quota, spam, domain_error, too_large, or empty.
    """

    action: str = ""
    status: str = ""
    smtp_code: str = ""
    reason: str = ""
    permanent: tuple[str, ...] = ()
    temporary: tuple[str, ...] = ()
    original_message_id: str = ""
    original_headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Recipient:
    address: str
    action: str
    status: str
    diagnostic: str


def find(root: Node, headers: Headers, sender: str, subject: str, text: str) -> Bounce | None:
    """The report that this mail is, None if it is none."""
    recipients, has_status = _machine_readable(root)
    report = words.shortened(words.report_of(text))
    failed = [one for one in recipients if one.action not in ("delivered", "relayed", "expanded")]
    if recipients and not failed:
        return None  # good news
    certain = any(one.address and one.action == "failed" for one in failed)
    if has_status and not certain and words.PERSONAL.search(report[:1500]):
        return None  # somebody's filter asks the sender to prove himself, in the form of a report
    if not failed and not has_status and not _reads_as_bounce(root, headers, sender, subject, report, text):
        return None
    said = " ".join([report, *(words.shortened(one.diagnostic) for one in recipients)])
    original = _original(root, text)
    known = tuple((name, original.get(name)[:1000]) for name in _OURS if original.has(name))
    permanent, temporary = _sorted_out(failed)
    if not permanent and not temporary:
        permanent, temporary = _from_words(headers, subject, report, said)
    first = failed[0] if failed else None
    identities = message_ids(original.all("message-id"))
    return Bounce(
        action=(first.action if first else "") or ("delayed" if temporary and not permanent else "failed"),
        status=(first.status if first else "") or _first(words.STATUS, said),
        smtp_code=_first(words.SMTP_CODE, first.diagnostic if first else "") or _first(words.SMTP_CODE, said),
        reason=words.reason(said, first.status if first else ""),
        permanent=permanent,
        temporary=temporary,
        original_message_id=identities[0] if identities else "",
        original_headers=known,
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _machine_readable(root: Node) -> tuple[list[_Recipient], bool]:
    """The recipients of a delivery status (RFC 3464, section 2.3), and whether there is such a part."""
    contents = [node.content() for node in walk(root) if node.type in _STATUS_TYPES]
    has_status = bool(contents)
    if not has_status:
        # Torn on its way, or passed on as the attachment of a mail that a gateway made: its fields still stand there.
        for node in walk(root):
            holds = node.type == "message/rfc822" or (node is root and "report" in f"{node.type} {node.params}".lower())
            found = _STATUS_FIELDS.search(node.raw, node.start, node.end) if holds else None
            if found and words.DAEMON.search(root.headers.get("from")):
                contents.append(node.raw[found.start() : node.end])
                break
    result: list[_Recipient] = []
    for content in contents[:20]:
        for block in re.split(rb"\r?\n[ \t]*\r?\n", content.strip()[:500_000], maxsplit=200):
            recipient = _recipient(split_headers(block.strip(b"\r\n") + b"\n")[0])
            if recipient and len(result) < _MAX_RECIPIENTS:
                result.append(recipient)
    return result, has_status


def _recipient(fields: Headers) -> _Recipient | None:
    # Ours is the address that we wrote to; the final one may be a name inside the other's house.
    original, final = _typed(fields.get("original-recipient")), _typed(fields.get("final-recipient"))
    if ".." in original + final:
        original = final = ""  # made unreadable on purpose
    if not (original or final or fields.has("action")):
        return None
    return _Recipient(
        original if "@" in original else final or original,
        re.split(r"[\s;(]", fields.get("action").lower().strip() or " ")[0],
        _first(words.STATUS, fields.get("status")),
        fields.get("diagnostic-code")[:2000],
    )


def _typed(value: str) -> str:
    """`rfc822; anne@example.com` without its type."""
    address = value.rpartition(";")[2].strip().strip("<>").strip()
    return address.removeprefix("mailto:")[:300]


def _sorted_out(found: list[_Recipient]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    permanent: dict[str, None] = {}
    temporary: dict[str, None] = {}
    for one in found:
        # The action is what became of the mail; a status that contradicts it tells of an attempt on the way.
        later = one.action == "delayed" or (not one.action and one.status.startswith("4"))
        if one.address:
            (temporary if later else permanent).setdefault(one.address)
    return tuple(permanent), tuple(address for address in temporary if address not in permanent)


def _reads_as_bounce(root: Node, headers: Headers, sender: str, subject: str, report: str, text: str) -> bool:
    if headers.has("x-failed-recipients"):
        return True
    kind = root.params.get("report-type", "").lower() if root.type == "multipart/report" else ""
    by_daemon = bool(words.DAEMON.search(sender) or words.DAEMON.search(headers.get("from")))
    path = headers.get("return-path").strip()
    empty_path = path == "<>" or bool(words.DAEMON.search(path))
    says_subject = bool(words.FAILED_SUBJECT.search(subject))
    if kind not in ("", "delivery-status") and not (kind == "disposition-notification" and by_daemon and says_subject):
        return False  # a receipt, a complaint
    says_text = bool(words.FAILED_TEXT.search(report))
    if words.PERSONAL.search(report[:1500]) and not says_subject:
        return False
    if by_daemon:
        return says_text or says_subject
    if empty_path and says_text and not headers.has("in-reply-to"):
        return True
    # People write about mails that came back, too. Without the sender's name a program shows itself by its headers,
    # or by the copy of the mail that it hands back.
    automatic = headers.has("auto-submitted") or bool(words.MACHINE.search(sender) or words.TOLD.search(report))
    returns = any(node.type in _RETURNED for node in walk(root)) or len(words.report_of(text)) < len(text)
    return says_subject and (empty_path or (says_text and (automatic or returns)))


def _from_words(headers: Headers, subject: str, report: str, said: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The recipients that a report in words names; all of them permanent, or all of them temporary."""
    found = _named(headers, report)
    if words.SURELY_LATER.search(said[:6000]) or words.LATER.search(subject):
        later = True
    else:
        later = bool(words.LATER.search(said[:3000])) and not words.FOR_GOOD.search(f"{subject} {said[:6000]}")
    return ((), tuple(found)) if later else (tuple(found), ())


def _named(headers: Headers, report: str) -> list[str]:
    failed = headers.get("x-failed-recipients")
    if failed:
        return list(dict.fromkeys(words.ADDRESS.findall(failed)))[:_MAX_RECIPIENTS]
    own = {
        address.lower()
        for name in ("from", "to", "delivered-to", "x-original-to", "reply-to")
        for address in words.ADDRESS.findall(headers.get(name))
    }
    return words.recipients(report, own)[:_MAX_RECIPIENTS]


def _original(root: Node, text: str) -> Headers:
    """The headers of the mail that came back: of the part that holds it, else of its copy in the text."""
    for node in walk(root):
        if node.type in _RETURNED and node.depth:
            found, _end = split_headers(node.content().lstrip(b"\r\n")[:600_000])
            if found.has("message-id") or found.has("from"):
                return found
    copy = text[len(words.report_of(text)) :][:100_000]
    begin = words.COPIED_HEADER.search(copy)
    if not begin:
        return Headers()
    # Some quote the copy; a quoted header line is one all the same.
    lines = [line.lstrip("> ") if line.startswith(">") else line for line in copy[begin.start() :].split("\n")]
    return split_headers("\n".join(lines).encode("utf-8", "replace"))[0]
