"""How each chat service wants to be told, and what its answers mean. Pure: nothing is sent from here.

WeCom: `markdown` to the robot's address. DingTalk: an `actionCard`, signed in the query. Feishu: an interactive card,
signed in the body. Slack and what understands its incoming webhooks: `text` with `blocks`.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from django.utils.translation import gettext as _

from outbox.cards import Card
from outbox.models import Robot
from outbox.web import Answer

#: WeCom takes 4,096 bytes of markdown, the least of the four; room is left for the frame around the lines.
_MOST_BYTES = 3600
_LONGEST_LINE = 200

#: Answers that say «not so fast»: 45009 and 45033 (WeCom), 130101, 410100 and 660026 (DingTalk), 11232 and 99991400
#: (Feishu).
_TOO_FAST = {45009, 45033, 130101, 410100, 660026, 11232, 99991400}


@dataclass(frozen=True)
class Verdict:
    """What the service made of it: ``error`` in its own words, ``wait`` seconds where it only asked for patience."""

    error: str = ""
    wait: int = 0


def request_for(kind: str, card: Card, *, address: str, secret: str, now: datetime) -> tuple[str, bytes]:
    """The address and the body of one message."""
    url, payload = _WRITERS[kind](card, address, secret, now)
    return url, json.dumps(payload, ensure_ascii=False).encode()


def verdict(kind: str, answer: Answer) -> Verdict:
    """What became of the message that was answered so."""
    if answer.status == 429:
        return Verdict(_words(answer), _patience(answer.headers.get("retry-after", "")))
    if kind == Robot.Kind.SLACK:
        fine = 200 <= answer.status < 300 and answer.text.strip()[:2].lower() in ("ok", "")
        return Verdict() if fine else Verdict(_words(answer))
    said = _json(answer)
    code = next((said[name] for name in ("errcode", "code", "StatusCode") if isinstance(said.get(name), int)), None)
    if answer.status == 200 and code == 0:
        return Verdict()
    return Verdict(_words(answer), 60 if code in _TOO_FAST else 0)


def plain(text: str) -> str:
    """Somebody's words without the power to link, call everybody or pretend to be ours in any of the four markups."""
    return " ".join(text.translate(_HARMLESS).split())[:_LONGEST_LINE]


#: Full-width relatives: they read the same and mean nothing to any service.
_HARMLESS = str.maketrans("<>[]()*_`#~&|@\\", "＜＞［］（）＊＿｀＃～＆｜＠＼")


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(answer: Answer) -> str:
    return f"HTTP {answer.status}: {' '.join(answer.text.split())[:300]}"


def _patience(text: str) -> int:
    return min(max(int(text), 1), 3600) if text.isascii() and text.isdecimal() and len(text) < 6 else 60


def _fitting(card: Card, write: Callable[[str, str], str]) -> list[str]:
    """The lines of a card as far as the smallest service takes them, and how many are left out."""
    found: list[str] = []
    room = _MOST_BYTES
    for place, (text, url) in enumerate(card.lines):
        line = write(plain(text), url)
        room -= len(line.encode()) + 2
        if room < 0:
            found.append(_("and %(count)d more") % {"count": len(card.lines) - place})
            break
        found.append(line)
    return found


def _markdown_link(text: str, url: str) -> str:
    return f"[{text}]({url})" if url else text


def _markdown(card: Card, *, with_link: bool) -> str:
    facts = [f"> {plain(label)}: **{plain(value)}**" for label, value in card.facts]
    lines = [f"- {line}" for line in _fitting(card, _markdown_link)]
    link = [_markdown_link(_("Open"), card.url)] if with_link and card.url else []
    return "\n\n".join(part for part in (f"**{plain(card.title)}**", "\n".join(facts), "\n".join(lines), *link) if part)


def _wecom(card: Card, address: str, secret: str, now: datetime) -> tuple[str, dict]:
    return address, {"msgtype": "markdown", "markdown": {"content": _markdown(card, with_link=True)}}


def dingtalk_sign(secret: str, milliseconds: int) -> str:
    """Base64 of HMAC-SHA256 over «time newline key», by the key."""
    text = f"{milliseconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def _dingtalk(card: Card, address: str, secret: str, now: datetime) -> tuple[str, dict]:
    url = address
    if secret:
        stamp = int(now.timestamp() * 1000)
        url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={quote_plus(dingtalk_sign(secret, stamp))}"
    title, text = plain(card.title), _markdown(card, with_link=False)
    if not card.url:
        return url, {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
    button = {"singleTitle": _("Open"), "singleURL": card.url}
    return url, {"msgtype": "actionCard", "actionCard": {"title": title, "text": text, "btnOrientation": "0", **button}}


def feishu_sign(secret: str, seconds: int) -> str:
    """Base64 of HMAC-SHA256 over nothing, by the key «time newline key»."""
    key = f"{seconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def _feishu(card: Card, address: str, secret: str, now: datetime) -> tuple[str, dict]:
    facts = [f"{plain(label)}: **{plain(value)}**" for label, value in card.facts]
    text = "\n".join(facts + _fitting(card, _markdown_link))
    elements: list[dict] = [{"tag": "div", "text": {"tag": "lark_md", "content": text}}] if text else []
    if card.url:
        button = {"tag": "button", "text": {"tag": "plain_text", "content": _("Open")}, "type": "primary"}
        elements.append({"tag": "action", "actions": [{**button, "url": card.url}]})
    header = {
        "title": {"tag": "plain_text", "content": plain(card.title)},
        "template": "red" if card.is_alarm else "blue",
    }
    payload: dict[str, Any] = {"msg_type": "interactive", "card": {"header": header, "elements": elements}}
    if secret:
        stamp = int(now.timestamp())
        payload = {"timestamp": str(stamp), "sign": feishu_sign(secret, stamp), **payload}
    return address, payload


def _slack_link(text: str, url: str) -> str:
    return f"<{url}|{text}>" if url else text


def _slack(card: Card, address: str, secret: str, now: datetime) -> tuple[str, dict]:
    title = plain(card.title)
    facts = [f"{plain(label)}: *{plain(value)}*" for label, value in card.facts]
    text = "\n".join([f"*{_slack_link(title, card.url)}*", *facts, *_fitting(card, _slack_link)])
    return address, {"text": title, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text[:2900]}}]}


_WRITERS: dict[str, Callable[[Card, str, str, datetime], tuple[str, dict]]] = {
    Robot.Kind.WECOM: _wecom,
    Robot.Kind.DINGTALK: _dingtalk,
    Robot.Kind.FEISHU: _feishu,
    Robot.Kind.SLACK: _slack,
}
