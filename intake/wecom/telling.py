"""People of WeCom are told by the application through which they write (`outbox.chat`)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from unicodedata import combining

from django.utils.translation import gettext as _

from accounts.models import STAND_INS
from intake.wecom import client
from intake.wecom.models import WecomMessage, WecomPerson
from outbox.chat import Verdict, Words
from outbox.models import Delivery

#: What WeCom takes of a text, in bytes of UTF-8; what is beyond it cuts off without a word.
MOST_BYTES = 2048
#: More pieces nobody reads in a chat, and WeCom drops what is beyond thirty a minute: the page has the rest.
MOST_PARTS = 8
#: WeCom makes links of `<a>` in a text. Nobody's words become one: what leads somewhere shows where.
_ANCHOR = re.compile(r"<(?=\s*/?\s*a\b)", re.IGNORECASE)


class WecomService:
    """Reaches whoever is known by an ID of an active application that may send."""

    channel: str = Delivery.Channel.WECOM

    def contact(self, user: Any, stream: str) -> str:
        person = _person(user, stream)
        return person.userid if person else ""

    def parts(self, words: Words) -> Sequence[str]:
        return split(_ANCHOR.sub("\uff1c", words.text), words.url)

    def tell(self, user: Any, stream: str, part: str, *, now: datetime) -> Verdict:
        person = _person(user, stream)
        if person is None:
            return Verdict("not known in WeCom any more", nobody=True)
        return client.send_text(person.app, person.userid, part)


def _person(user: Any, stream: str) -> WecomPerson | None:
    """By whom ``user`` is known: where they wrote last to this ticket, else where they became known last."""
    if user is None or not (user.is_active or user.email.endswith(STAND_INS)):
        return None
    known = WecomPerson.objects.filter(user=user.pk, app__is_active=True, app__agent_id__isnull=False)
    rows = list(known.select_related("app").order_by("-pk"))
    rows = [row for row in rows if "|" not in row.userid and not row.userid.startswith("@")]  # many, or everybody
    if len(rows) > 1:
        kind, _sep, number = stream.partition(":")
        wrote = WecomMessage.objects.filter(ticket__number=number, app__in=[row.app_id for row in rows])
        last = wrote.order_by("-pk").values_list("app", flat=True).first() if kind == "ticket" else None
        rows.sort(key=lambda row: row.app_id != last)
    return rows[0] if rows else None


def split(text: str, url: str = "") -> list[str]:
    """``text`` in pieces of `MOST_BYTES`, ending with a line where one ends near; of a very long one its beginning."""
    pieces: list[str] = []
    while text:
        end = _end_of_piece(text)
        if piece := text[:end].strip("\n"):
            pieces.append(piece)
        text = text[end:].lstrip("\n")
    if len(pieces) > MOST_PARTS:
        rest = _("This is the beginning; all of it stands on the page of the ticket.")
        pieces = [*pieces[: MOST_PARTS - 1], f"{rest}\n{url}".strip()]
    return pieces


def _end_of_piece(text: str) -> int:
    """Where the first piece ends: never inside a character, nor between one and what is joined to it."""
    end = room = 0
    for char in text:
        room += len(char.encode())
        if room > MOST_BYTES:
            break
        end += 1
    if end == len(text):
        return end
    # A line or word that ends in the last third is a better place.
    for sign in ("\n", " ", "\u3002", "\uff0c"):
        found = text.rfind(sign, end * 2 // 3, end)
        if found > 0:
            return found + 1
    while end > 1 and (text[end] in _JOINED or text[end - 1] == "\u200d" or combining(text[end])):
        end -= 1
    return end


#: A joiner, the forms of a sign, and colours of skin belong to what stands before them.
_JOINED = frozenset("\u200d\ufe0e\ufe0f") | {chr(code) for code in range(0x1F3FB, 0x1F400)}
