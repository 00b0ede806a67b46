"""Bytes to text, whatever the label says.

Labels lie in three ways: they name a small set where a larger one was used (gb2312 for GBK, iso-8859-1 for
windows-1252), they name another set (Big5 on UTF-8), or there is none. A label is therefore widened to its superset,
overruled by bytes that are valid UTF-8 in a way no accident makes, and replaced by a guess where it does not fit.
"""

import codecs
import re
from functools import lru_cache

#: The superset that writers of the label mean.
_WIDER = {
    "gb2312": "gb18030", "gb_2312-80": "gb18030", "gb2312-80": "gb18030", "csgb2312": "gb18030",
    "euc-cn": "gb18030", "euccn": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030",
    "ms936": "gb18030", "windows-936": "gb18030", "cn-gb": "gb18030", "chinese": "gb18030",
    "gb-2312": "gb18030", "hz-gb-2312": "hz", "big5": "big5hkscs", "big5-eten": "big5hkscs",
    "cn-big5": "big5hkscs", "x-x-big5": "big5hkscs", "cp950": "big5hkscs", "x-sjis": "cp932",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext", "cp50221": "iso2022_jp_ext",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949", "euc-kr": "cp949", "euckr": "cp949",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252",
    "iso_8859-1": "cp1252", "ansi": "cp1252", "x-ansi": "cp1252", "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874", "tis-620": "cp874", "windows-874": "cp874", "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6", "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8", "utf8mb4": "utf-8", "utf": "utf-8", "utf-8-sig": "utf-8",
    "x-mac-roman": "mac-roman", "macintosh": "mac-roman", "koi": "koi8-r", "koi8": "koi8-r",
    "unicode": "utf-16",
}  # fmt: skip
#: Labels that say nothing.
_EMPTY = {
    "", "unknown", "unknown-8bit", "x-unknown", "default", "default_charset", "_autodetect", "_autodetect_all",
    "us-ascii", "ascii", "ansi_x3.4-1968", "8bit", "7bit", "binary", "none", "x-user-defined", "iso-10646",
    "text", "plain",
}  # fmt: skip
#: What programs say that know nothing of it.
_WESTERN = ("cp1252", "windows-1252")
#: Codecs that are not character sets of mail; some of them are slow on purpose-made input.
_FORBIDDEN = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
#: Sets in which every byte is below 0x80, so that their bytes are «valid UTF-8» without being it.
_SEVEN_BIT = ("utf-7", "hz", "iso2022", "utf-16", "utf-32", "utf_16", "utf_32", "iso-2022")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UTF8_WIDE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_JIS_ESCAPE = re.compile(rb"\x1b\$[B@]|\x1b\(J")
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_BYTES = bytes(range(0x80, 0x100))
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_SAMPLE = 8192
#: What the reader may not break off in the middle of a character is judged by this much less.
_TAIL = 4


def decode(raw: bytes, label: str = "") -> tuple[str, str]:
    """The text, and the name of the character set that was used in the end. Never raises."""
    text, name = _decode(raw, label)
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            # UTF-7 and UTF-16 can spell halves of a character, which no other text can hold.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text, name


def _decode(raw: bytes, label: str) -> tuple[str, str]:
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return raw.decode(name, "replace").lstrip("\ufeff"), name
    codec = known(label)
    if codec.startswith(_SEVEN_BIT):
        return _decode_seven_bit(raw, codec)
    if raw.isascii():
        return _decode_ascii(raw, codec)
    text = _strict(raw, "utf-8")
    if text is not None and (not codec or codec == "utf-8" or _is_no_accident(raw, codec)):
        return text, "utf-8"
    if codec and not (codec in _WESTERN and _is_two_byte(raw)):
        labelled = _strict(raw, codec)
        if labelled is not None:
            return labelled, _public(codec)
        if text is not None:
            return text, "utf-8"
        loose = raw.decode(codec, "replace")
        # A few bad bytes in a text of the named set are dirt; many say that the name is wrong.
        if loose.count("\ufffd") * 20 <= max(_high_bytes(raw), 20):
            return loose, _public(codec)
    guessed = guess(raw)
    text = _strict(raw, guessed)
    if text is None:
        text = raw.decode(guessed, "replace")
    return text, _public(guessed)


@lru_cache(maxsize=512)
def known(label: str) -> str:
    """The codec that stands for a label; empty for no label, a label that says nothing, or one that nobody knows."""
    name = label.strip().strip("\"'").lower().replace(" ", "")[:60]
    if name.startswith(("charset=", "x-unknown")):
        name = name.partition("=")[2]
    if name in _EMPTY:
        return ""
    name = _WIDER.get(name, _WIDER.get(name.replace("_", "-"), name))
    if name.startswith("cp-"):
        name = "cp" + name[3:]
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return ""
    if info.name in _FORBIDDEN or not info._is_text_encoding:  # the only way to ask
        return ""
    # Python's own spellings of the small sets end here too (iso8859_1, latin_1, euc_kr).
    return _WIDER.get(info.name.replace("_", "-"), name)


def guess(raw: bytes) -> str:
    """The codec that unlabelled bytes, which are no UTF-8, are most likely written in."""
    high = _HIGH.search(raw)
    start = max(0, high.start() - 200) if high else 0
    sample = raw[start : start + _SAMPLE]
    pairs = re.findall(rb"[\x81-\xfe][\x40-\xfe]", sample)
    if pairs and len(pairs) * 2 >= len(_HIGH.findall(sample)) * 0.6:
        found = _guess_pairs(sample, pairs)
        if found:
            return found
    return _guess_single(sample)


def _guess_pairs(sample: bytes, pairs: list[bytes]) -> str:
    """Which two-byte set: common characters of each lie in a block of their own."""
    runs = _HIGH_RUN.findall(sample)
    if len(runs) >= 3 and sum(len(run) % 2 for run in runs) * 8 >= len(runs) and all(pair[1] >= 0xA1 for pair in pairs):
        return ""  # words of odd length: one byte for each letter
    leads = [pair[0] for pair in pairs]
    both_high = sum(1 for pair in pairs if pair[1] >= 0xA1)
    total = len(pairs)
    kana = sum(1 for lead in leads if lead in (0xA4, 0xA5))
    if both_high == total and kana * 4 >= total and _fits(sample, "euc_jp"):
        return "euc_jp"
    if total >= 6 and both_high == total and all(0xB0 <= lead <= 0xC8 for lead in leads) and _fits(sample, "cp949"):
        return "cp949"
    sjis_kana = sum(1 for lead in leads if lead in (0x82, 0x83))
    if sjis_kana * 3 >= total and _fits(sample, "cp932"):
        return "cp932"
    common_gb = sum(1 for pair in pairs if 0xB0 <= pair[0] <= 0xD7 and pair[1] >= 0xA1) / total
    common_big5 = sum(1 for lead in leads if 0xA4 <= lead <= 0xC6) / total
    # Half of Big5's second bytes lie below 0xA1, hardly any of everyday GBK's do.
    if _fits(sample, "gb18030") and common_gb >= 0.5 and both_high >= 0.85 * total:
        return "gb18030"
    if _fits(sample, "big5hkscs") and common_big5 >= 0.6 and both_high < 0.9 * total:
        return "big5hkscs"
    if _fits(sample, "gb18030") and common_gb >= 0.3:
        return "gb18030"
    return ""


def _guess_single(sample: bytes) -> str:
    """Cyrillic where most letters are high bytes, else Western European."""
    high = [byte for byte in sample if byte >= 0xC0]
    letters = sum(1 for byte in sample if chr(byte).isascii() and chr(byte).isalpha())
    if len(high) >= 6 and len(high) > letters:
        lower_koi8 = sum(1 for byte in high if byte < 0xE0)
        return "koi8-r" if lower_koi8 * 2 > len(high) else "cp1251"
    return "cp1252"


def _high_bytes(raw: bytes) -> int:
    return len(raw) - len(raw.translate(None, _HIGH_BYTES))


def _is_no_accident(raw: bytes, codec: str) -> bool:
    """Whether bytes that are valid UTF-8 are it, against the label.

    Every byte row is valid in a single-byte set, and its accidents (Ã¤) are nobody's words. In a two-byte set two
    or three characters may be valid UTF-8 by chance; four in a row of nothing else are not.
    """
    if codec in ("gb18030", "big5hkscs", "cp949", "cp932", "euc_jp", "euc-jp"):
        return len(_UTF8_WIDE.findall(raw[:_SAMPLE])) >= 4
    return True


def _is_two_byte(raw: bytes) -> bool:
    """Whether bytes that a mail calls Western European are two-byte characters.

    There a high byte stands among plain letters; four and more of them in a row, of even length and of the blocks of
    everyday characters, are no word of any Western language. Nor are they all letters («ÄäÖö») or all signs («»»»»»),
    which lie apart there and mixed in the two-byte sets.
    """
    sample = raw[:_SAMPLE]
    runs = _HIGH_RUN.findall(sample)
    high = sum(len(run) for run in runs)
    long_ones = sum(len(run) for run in runs if len(run) >= 4)
    if high < 6 or long_ones < 0.8 * high:
        return False
    signs = sum(1 for run in runs for byte in run if byte < 0xC0)
    if not 0.15 * high <= signs <= 0.85 * high:
        return False
    pairs = re.findall(rb"[\x81-\xfe][\x40-\xfe]", sample)
    return bool(pairs) and bool(_guess_pairs(sample, pairs))


def _decode_seven_bit(raw: bytes, codec: str) -> tuple[str, str]:
    for name in (codec, "iso2022_jp_2004", "iso2022_kr") if codec.startswith(("iso2022", "iso-2022")) else (codec,):
        text = _strict(raw, name)
        if text is not None:
            return text, _public(codec)
    if not raw.isascii():  # then it is something else
        text = _strict(raw, "utf-8")
        if text is not None:
            return text, "utf-8"
    return raw.decode(codec, "replace"), _public(codec)


def _decode_ascii(raw: bytes, codec: str) -> tuple[str, str]:
    if not codec and _JIS_ESCAPE.search(raw):
        text = _strict(raw, "iso2022_jp_ext")
        if text is not None:
            return text, "iso-2022-jp"
    return raw.decode("ascii"), _public(codec) if codec else "us-ascii"


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeError, ValueError, LookupError):
        return None


def _fits(sample: bytes, codec: str) -> bool:
    """Whether a piece of text is valid in a set, when both its ends may be cut inside a character."""
    for start in range(2):
        for stop in range(_TAIL):
            if _strict(sample[start : len(sample) - stop], codec) is not None:
                return True
    return False


def _public(codec: str) -> str:
    """The name that people know a codec by."""
    return {"cp1252": "windows-1252", "iso2022_jp_ext": "iso-2022-jp", "hz": "hz-gb-2312", "big5hkscs": "big5"}.get(
        codec, codec
    )
