"""How keywords are read and found; the automaton against a plain model; hostile texts in bounded work."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets import keywords
from tickets.keywords import MAX_TEXT, Matcher, normalise


def found(words: list[str], text: str) -> list[str]:
    return Matcher([words]).find(text).words(0)


@pytest.mark.parametrize(
    ("keyword", "text", "hit"),
    [
        ("登录失败", "我今天登录失败了", True),
        ("sso", "打开sso登录", True),
        ("sso", "SSO", True),
        ("sso", "a lesson", False),
        ("sso", "sso2", False),
        ("fail*", "three FAILURES", True),
        ("fail*", "default", False),
        ("fail", "failures", False),
        ("lost data", "lost \n\t data", True),
        ("lost data", "lost the data", False),
        ("返回 500", "接口返回500了", True),
        ("返回 500", "接口返回 5003 条", False),
        ("poc 环境", "POC环境", True),
        ("can't", "I can’t log in", True),
        ("asap!", "please asap!", True),
        ("c++", "we use C++ here", True),
        ("ｖｐｎ", "the VPN", True),
        ("密码", "密\u200b码", True),
        ("straße", "STRASSE", True),
    ],
)
def test_how_a_keyword_is_read(keyword: str, text: str, hit: bool) -> None:
    assert found([keyword], text) == ([keyword] if hit else [])


def test_a_keyword_inside_another_is_found_too() -> None:
    assert set(found(["失败", "登录失败", "登录"], "登录失败")) == {"失败", "登录失败", "登录"}


def test_each_keyword_counts_once() -> None:
    assert found(["error"], "error error error") == ["error"]


def test_a_veto_silences_its_rule_only() -> None:
    result = Matcher([["data loss", "!no data loss"], ["loss"]]).find("There is no data loss")
    assert result.words(0) == []
    assert result.words(1) == ["loss"]
    assert result.groups() == [1]


def test_a_rule_of_vetoes_alone_never_fires() -> None:
    assert Matcher([["!no"]]).find("yes").groups() == []


@pytest.mark.parametrize("nothing", ["", " ", "*", "***", "\u200b"])
def test_an_empty_keyword_finds_nothing(nothing: str) -> None:
    assert found([nothing], "anything * at all") == []


ALPHABET = st.text(alphabet="ab登录 \n*A１", max_size=12)


@given(words=st.lists(ALPHABET, max_size=8), text=st.text(alphabet="ab登录 \nA１", max_size=60))
@settings(max_examples=150)
def test_the_automaton_finds_what_a_plain_search_finds(words: list[str], text: str) -> None:
    """Model: slide every keyword over the text and look at its neighbours."""

    def joins(char: str) -> bool:
        return char.isascii() and char.isalnum()

    def plain(word: str) -> bool:
        clean, is_prefix = normalise(word), normalise(word).endswith("*")
        clean, body = clean.rstrip("*").strip(), normalise(text)
        for start in range(len(body) - len(clean) + 1 if clean else 0):
            end = start + len(clean)
            before = start and joins(clean[0]) and joins(body[start - 1])
            after = not is_prefix and end < len(body) and joins(clean[-1]) and joins(body[end])
            if body[start:end] == clean and not before and not after:
                return True
        return False

    assert set(found(words, text)) == {word for word in words if plain(word)}


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


class _CountedText(str):
    """A text that counts how many of its characters were read."""

    def __new__(cls, value: str, reads: list[int]) -> "_CountedText":
        text = super().__new__(cls, value)
        text.reads = reads
        return text

    def __iter__(self):
        for char in str(self):
            self.reads[0] += 1
            yield char


@pytest.mark.parametrize("text", ["<" * 1_000_000, "ab" * 500_000, "登录失" * 300_000, "(" * 500_000 + ")" * 500_000])
def test_a_hostile_text_is_read_once_and_not_beyond_the_limit(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is in steps, not in seconds: one step per character, and each fall-back undoes an earlier step."""
    reads, falls = [0], [0]

    class CountedList(list):
        def __getitem__(self, state: int) -> int:
            falls[0] += 1
            return super().__getitem__(state)

    matcher = Matcher([["a" * 40, "ab" * 30 + "c", "登录失败", "(((((((", "<<<<<<<b"]])
    matcher._fail = CountedList(matcher._fail)
    monkeypatch.setattr(keywords, "normalise", lambda raw: _CountedText(normalise(raw), reads))
    matcher.find(text)
    assert reads[0] <= MAX_TEXT
    assert falls[0] <= reads[0]


def test_naughty_strings_are_only_texts(test_data: Path) -> None:
    strings = []
    for name in ("blns.json", "xss.json", "other_injections.json"):
        strings += _strings(json.loads((test_data / "fuzz" / name).read_text(encoding="utf-8")))
    assert len(strings) > 300
    # Each string is a keyword once and a text once. As a keyword it finds itself, unless it says nothing or is an
    # operator of ours (veto, prefix).
    for text in strings:
        clean = normalise(text)
        hit = found([text], text)
        if clean.strip("*! ") and not clean.startswith("!"):
            assert hit == [text] or clean.endswith("*")


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for item in value for text in _strings(item)] if isinstance(value, list) else []
