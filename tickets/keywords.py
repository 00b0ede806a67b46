"""Finding many keywords in a text at once (mission.md 3.1). Pure: strings in, strings out.

How an administrator's keyword is read:

- Case, full-width forms, curly apostrophes, invisible characters and the amount of white space do not matter.
  White space next to a Chinese character does not matter at all: «返回 500» is found in «返回500».
- Chinese is found anywhere. A Latin letter or digit at the edge of a keyword must be the edge of a word too:
  `sso` is found in «sso登录» and not in `lesson`.
- A final `*` lets the word go on: `fail*` is found in `failures`.
- A leading `!` is a veto: where that keyword is found, its rule does not fire.

All keywords of all rules are one Aho–Corasick automaton, so a text is read once, character by character, however many
keywords there are and whatever the text is made of. There is no regular expression that could run away.
"""

import unicodedata
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A hostile text costs no more than this many characters. Real descriptions are a hundredth of it.
MAX_TEXT = 100_000

# From here on (CJK radicals and what follows) words are not divided by spaces.
_FIRST_CJK = "\u2e80"
_TIDY = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e", None),
    }
)


def normalise(text: str) -> str:
    """``text`` as keywords see it: NFKC, case-folded, one space between words and none beside Chinese."""
    text = unicodedata.normalize("NFKC", text[:MAX_TEXT]).casefold().translate(_TIDY)
    words = text.split()
    if not words:
        return ""
    pieces = [words[0]]
    for before, word in zip(words, words[1:], strict=False):
        if before[-1] < _FIRST_CJK and word[0] < _FIRST_CJK:
            pieces.append(" ")
        pieces.append(word)
    return "".join(pieces)


def _joins(char: str) -> bool:
    """Whether ``char`` would make a Latin word go on."""
    return char < _FIRST_CJK and char.isalnum()


@dataclass(frozen=True)
class _Keyword:
    """One keyword of one rule, with what has to be true at its edges."""

    spelling: str
    group: int
    length: int
    edge_before: bool
    edge_after: bool
    is_veto: bool

    def stands_at(self, text: str, end: int) -> bool:
        """Whether the keyword that ends before ``text[end]`` is not merely a part of a longer Latin word."""
        start = end - self.length
        if self.edge_before and start > 0 and _joins(text[start - 1]):
            return False
        return not (self.edge_after and end < len(text) and _joins(text[end]))


class Matcher:
    """Keywords in groups (one group a rule), compiled once and used for many texts."""

    def __init__(self, groups: Sequence[Iterable[str]]):
        # One entry per state of the automaton; plain lists are twice as fast to walk as objects.
        self._next: list[dict[str, int]] = [{}]
        self._fail: list[int] = [0]
        self._ends: list[tuple[_Keyword, ...]] = [()]
        for number, keywords in enumerate(groups):
            for spelling in keywords:
                self._add(spelling, number)
        self._link()

    def _add(self, spelling: str, group: int) -> None:
        word = normalise(spelling)
        is_veto = word.startswith("!") and len(word) > 1
        is_prefix = word.endswith("*")
        word = word.removeprefix("!" if is_veto else "").rstrip("*").strip()
        if not word:
            return
        state = 0
        for char in word:
            following = self._next[state].get(char)
            if following is None:
                following = self._next[state][char] = len(self._next)
                self._next.append({})
                self._fail.append(0)
                self._ends.append(())
            state = following
        keyword = _Keyword(spelling, group, len(word), _joins(word[0]), _joins(word[-1]) and not is_prefix, is_veto)
        self._ends[state] += (keyword,)

    def _link(self) -> None:
        """Give every state its longest proper suffix that is also a state, breadth first."""
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            for char, following in self._next[state].items():
                fail = self._fail[state]
                while fail and char not in self._next[fail]:
                    fail = self._fail[fail]
                self._fail[following] = self._next[fail].get(char, 0)
                self._ends[following] += self._ends[self._fail[following]]
                queue.append(following)

    def find(self, text: str) -> "Found":
        """Every keyword in ``text``, which need not be normalised."""
        text = normalise(text)
        nexts, fails, ends = self._next, self._fail, self._ends
        found = Found()
        state = 0
        for end, char in enumerate(text, start=1):
            following = nexts[state].get(char)
            while following is None and state:
                state = fails[state]
                following = nexts[state].get(char)
            state = following or 0
            if state and ends[state]:
                for keyword in ends[state]:
                    if keyword.stands_at(text, end):
                        found.add(keyword)
        return found


class Found:
    """What was found, by group. Each keyword counts once, in the order of its first appearance."""

    def __init__(self) -> None:
        self._words: dict[int, dict[str, None]] = {}
        self._vetoes: set[int] = set()

    def add(self, keyword: _Keyword) -> None:
        if keyword.is_veto:
            self._vetoes.add(keyword.group)
        else:
            self._words.setdefault(keyword.group, {})[keyword.spelling] = None

    def update(self, other: "Found") -> None:
        """Also what was found in another part of the same ticket."""
        self._vetoes |= other._vetoes
        for group, words in other._words.items():
            self._words.setdefault(group, {}).update(words)

    def words(self, group: int) -> list[str]:
        """The keywords of ``group`` that were found; none if one of its vetoes was."""
        return [] if group in self._vetoes else list(self._words.get(group, ()))

    def groups(self) -> list[int]:
        """The groups that fire, lowest number first."""
        return sorted(self._words.keys() - self._vetoes)
