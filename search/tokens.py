"""From text to search tokens: pure functions, no database, no domain.

Tokens are cut here and not by PostgreSQL's parser, because that one cannot see words in Chinese and tears
identifiers such as ``ERR-1042`` apart. A text gives *strong* tokens (words, identifiers and their parts) and *weak*
ones, which find what the words miss and weigh less:

- pairs of neighbouring characters of a Chinese run, so that a word that the dictionary cuts differently is found;
- for latin words of 5 to 20 letters the word with one letter left out, marked ``~``. Two words that differ by one
  typing slip (a letter missing, added, changed, or two swapped) share such a token, so a typo is found by plain
  equality, without comparing the word with every other one (the idea of SymSpell).
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import rjieba

from search import stopwords

MAX_TEXT = 200_000  # characters of one text that are looked at
MAX_TOKEN = 64  # characters; longer runs are keys and base64, which nobody types

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003134f"
_RUN = re.compile(
    rf"(?P<cjk>[{_CJK}]+)|(?P<word>(?:(?![{_CJK}_])\w)+(?:[-_./:@+#]+(?:(?![{_CJK}_])\w)+)*)",
)
_PART = re.compile(r"[^\W\d_]+|\d+")
_LETTERS = re.compile(r"[a-z]{5,20}\Z")


class Token(NamedTuple):
    """A token and whether it is one of the weak kinds."""

    text: str
    weak: bool


def tokens(text: str) -> list[str]:
    """The strong tokens of ``text`` in reading order, repeats kept, stop words left out."""
    return [token.text for token in scan(text) if not token.weak]


def scan(text: str) -> Iterator[Token]:
    """Every token of ``text``, strong and weak, in reading order."""
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT]).casefold()
    for run in _RUN.finditer(folded):
        if run["cjk"]:
            yield from _chinese(run["cjk"])
        else:
            yield from _latin(run["word"])


def _chinese(run: str) -> Iterator[Token]:
    """Words of jieba's search mode (long words and the words in them), then the pairs that are no such word."""
    words = rjieba.cut_for_search(run) if len(run) > 1 else [run]
    kept = [word for word in words if word not in stopwords.CHINESE]
    for word in kept:
        yield Token(word, weak=False)
    known = set(words)
    for i in range(len(run) - 1):
        pair = run[i : i + 2]
        if pair not in known:
            yield Token(pair, weak=True)


def _latin(run: str) -> Iterator[Token]:
    """The run itself, the parts of an identifier, the stem of a word, and its forms with one letter left out."""
    parts = _PART.findall(run)
    if len(parts) > 1 and len(run) <= MAX_TOKEN:
        yield Token(run, weak=False)
    for part in parts:
        if part in stopwords.ENGLISH or len(part) > MAX_TOKEN or (len(part) == 1 and len(parts) > 1):
            continue
        word = stem(part)
        yield Token(word, weak=False)
        if _LETTERS.match(word):
            for slip in sorted({word[:i] + word[i + 1 :] for i in range(len(word))} | {word}):
                yield Token("~" + slip, weak=True)


def stem(word: str) -> str:
    """The word without an English ending that changes nothing in what it is about (plural, -ed, -ing).

    Deliberately light: a stem that is too short joins words that have nothing in common.
    """
    if not word.isascii() or len(word) < 4:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("sses", "shes", "ches", "xes"):
        if word.endswith(ending):
            return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word[: -len(ending)]
        if word.endswith(ending) and len(root) >= 4 and re.search("[aeiouy]", root):
            return root[:-1] if root[-1] == root[-2] and root[-1] not in "lsz" else root
    return word
