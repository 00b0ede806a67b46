"""WeCom's interface for messages of an application: a token by the application's secret, then the message.

https://developer.work.weixin.qq.com/document/path/91039 (gettoken) and /90236 (message/send).
"""

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache

from intake.wecom.models import WecomApp
from outbox import web
from outbox.chat import Verdict
from outbox.sealing import Unreadable, seal, unseal

_TIMEOUT = 10
_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
#: A token is not used in its last five minutes: it might run out on the way.
_MARGIN = 300
_LONGEST = 7200
#: The token is wrong (40014) or ran out (42001), whatever was promised when it was given.
_STALE = {40014, 42001}
#: Nobody has this ID, or nobody in sight of the application has it.
_NOBODY = {40031, 81013, 82001}
#: Called too often (45009), too many calls at a time (45033): a minute later it may pass.
_TOO_FAST = {45009, 45033}
_PATIENCE = 60


class Failed(Exception):
    """What WeCom, or the way to it, said instead of an answer; never with a secret in it."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code


def send_text(app: WecomApp, userid: str, text: str) -> Verdict:
    """Send ``text`` (2,048 bytes at most) to one person of ``app``."""
    payload = {"touser": userid, "msgtype": "text", "agentid": app.agent_id, "text": {"content": text}, "safe": 0}
    try:
        answer = _send(app, json.dumps(payload, ensure_ascii=False).encode())
    except Failed as failed:
        if failed.code in _NOBODY:
            return Verdict(str(failed), nobody=True)
        return Verdict(str(failed), wait=_PATIENCE if failed.code in _TOO_FAST else 0)
    if answer.get("invaliduser"):  # WeCom calls a message sent whose only reader it does not know
        return Verdict(f"invaliduser: {str(answer['invaliduser'])[:80]}", nobody=True)
    return Verdict()


def try_out(app: WecomApp) -> str:
    """Ask for a token anew; the error in WeCom's own words, empty when it gave one."""
    try:
        _token(app, anew=True)
    except Failed as failed:
        return str(failed)
    return ""


def _send(app: WecomApp, body: bytes) -> dict[str, Any]:
    try:
        return _said(_post(app, _token(app), body))
    except Failed as failed:
        if failed.code not in _STALE:
            raise
    return _said(_post(app, _token(app, anew=True), body))


def _post(app: WecomApp, token: str, body: bytes) -> web.Answer:
    url = f"{app.api_base}/cgi-bin/message/send?{urlencode({'access_token': token})}"
    try:
        return web.post(url, body=body, headers=_HEADERS, timeout=_TIMEOUT)
    except (web.Refused, web.Unreachable) as error:
        raise Failed(str(error)) from error


def _token(app: WecomApp, *, anew: bool = False) -> str:
    """The token of last time, else another one; without Redis each message asks for it, and gets the same."""
    key = _key(app)
    try:
        if not anew and (kept := unseal(cache.get(key) or "")):
            return kept
        secret = unseal(app.sealed_secret)
    except Unreadable as error:
        raise Failed(str(error)) from error
    asked = urlencode({"corpid": app.corp_id, "corpsecret": secret})
    try:
        answer = _said(web.get(f"{app.api_base}/cgi-bin/gettoken?{asked}", most=web.MOST_ANSWER, timeout=_TIMEOUT))
    except (web.Refused, web.Unreachable) as error:
        raise Failed(str(error)) from error
    except web.TooLarge as error:
        raise Failed("gettoken: an endless answer") from error
    token, lasts = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token:
        raise Failed("gettoken: no access_token")
    seconds = min(lasts if isinstance(lasts, int) else 0, _LONGEST) - _MARGIN
    if seconds > 0:
        cache.set(key, seal(token), seconds)
    else:
        cache.delete(key)
    return token


def _key(app: WecomApp) -> str:
    """Another one as soon as anything changes by which the token was got."""
    made_of = "\n".join([app.api_base, app.corp_id, app.sealed_secret])
    return f"wecom-token:{app.pk}:{hashlib.sha256(made_of.encode()).hexdigest()[:24]}"


def _said(answer: web.Answer) -> dict[str, Any]:
    """The fields of an answer that says it went well.

    Raises:
        Failed: with WeCom's code and words otherwise.
    """
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    code = found.get("errcode") if isinstance(found, dict) else None
    if answer.status != 200 or not isinstance(found, dict) or not isinstance(code, int):
        raise Failed(f"HTTP {answer.status}: {' '.join(answer.text.split())[:200]}", _TOO_FAST_HTTP.get(answer.status))
    if code:
        raise Failed(f"{code}: {' '.join(str(found.get('errmsg', '')).split())[:200]}", code)
    return found


_TOO_FAST_HTTP = {429: 45009}
