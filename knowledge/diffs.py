"""What changed between two texts, piece by piece; pieces are small enough for Chinese, which has no spaces."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

_PIECE = re.compile(r"\n|[ \t]+|\w+|[^\w\s]")
_CJK = re.compile(r"[\u3400-\u9fff]|[^\u3400-\u9fff]+")
_MOST = 4_000  # pieces; longer texts are compared line by line, for the comparison is quadratic


class Part(NamedTuple):
    """A stretch of text: kind is `same`, `added` or `removed`."""

    kind: str
    text: str


def difference(before: str, after: str) -> list[Part]:
    """The parts that lead from ``before`` to ``after``."""
    old, new = _pieces(before), _pieces(after)
    parts: list[Part] = []
    for code, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if code == "equal":
            parts.append(Part("same", "".join(old[i1:i2])))
            continue
        if i2 > i1:
            parts.append(Part("removed", "".join(old[i1:i2])))
        if j2 > j1:
            parts.append(Part("added", "".join(new[j1:j2])))
    return parts


def _pieces(text: str) -> list[str]:
    pieces = [bit for piece in _PIECE.findall(text) for bit in _CJK.findall(piece)]
    return pieces if len(pieces) <= _MOST else text.splitlines(keepends=True)
