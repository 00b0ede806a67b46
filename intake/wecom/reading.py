"""What stands in WeCom's XML. Pure."""

import hashlib
from collections.abc import Mapping
from xml.etree import ElementTree  # nosec B405 - see where it is used

from django.utils.translation import gettext as _

_MOST_FIELDS = 60


class Unreadable(ValueError):
    """This is no message of WeCom."""


def fields_of(xml: bytes) -> dict[str, str]:
    """The elements below the root by their names; nested ones are left out.

    Raises:
        Unreadable: no XML, or one with definitions of its own, which WeCom never sends (entities that grow).
    """
    try:
        text = xml.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("encoding") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable("definitions")
    try:
        root = ElementTree.fromstring(text)  # nosec B314 - no definitions, as was just looked at, and short
    except (ElementTree.ParseError, ValueError) as error:
        raise Unreadable("XML") from error
    return {child.tag[:40]: (child.text or "").strip() for child in list(root)[:_MOST_FIELDS]}


def key_of(fields: Mapping[str, str], xml: bytes) -> str:
    """What makes a repetition of a message the same one: its ID, else its very bytes."""
    return fields.get("MsgId", "")[:64] or hashlib.sha256(xml).hexdigest()


def words_of(fields: Mapping[str, str]) -> str:
    """What somebody said, in words; of what is no text it is noted that it came."""
    kind = fields.get("MsgType", "")
    if kind == "text":
        return fields.get("Content", "")[:20_000]
    if kind == "location":
        return _("A place was sent in WeCom: %(place)s") % {"place": fields.get("Label", "")[:500]}
    if kind == "link":
        parts = [fields.get(name, "")[:1000] for name in ("Title", "Description", "Url")]
        return "\n".join([_("A link was sent in WeCom:"), *(part for part in parts if part)])
    names = {"image": _("An image"), "voice": _("A voice message"), "video": _("A video"), "file": _("A file")}
    what = names.get(kind, _("Something"))
    where = fields.get("FileName") or fields.get("MediaId", "")
    return _("%(what)s was sent in WeCom and stays there: %(where)s") % {"what": what, "where": where[:300] or "–"}
