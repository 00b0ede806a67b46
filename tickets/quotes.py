"""What a message repeats of the messages before it, told from what is new in it: a pure function over plain text.

A line is a quote when the sender's program marked it as one: by «>», or by a head that programs put above what they
repeat to the end of the mail. Where that is not certain, nothing counts as quoted: new words are never hidden.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

_MARKED = re.compile(r" {0,3}>")
#: Three and more without one or two around them are the prompt of a shell, not a quote of a quote of a quote.
_PLAINLY_MARKED = re.compile(r" {0,3}>(?!>)")
_INTRO = re.compile(r"(?:On\b.{4,300}\bwrote|At\b.{4,300}\bwrote|(?:在|于)?.{2,300}写道)\s*[:：]$", re.IGNORECASE)
#: A longer line introduces nothing. Who makes one of a hundred thousand blanks must not cost the reader minutes.
_LONGEST_INTRO = 600
_ADDRESS = re.compile(r"[<(\[]?[\w.+-]{1,64}@[\w.-]{1,255}")
_RULE = re.compile(
    r"\s*-{2,}\s*(?:Original Message|Reply message|原始邮件|原邮件|原始消息|回复邮件)\s*-{2,}\s*$", re.IGNORECASE
)
_FIRST_HEADER = re.compile(r"\s*\*?(?:From|发件人|寄件人)\*?\s*[:：]\s*\S", re.IGNORECASE)
_HEADER = re.compile(
    r"\s*\*?(?:Sent|Date|To|Cc|Subject|发送时间|发件时间|时间|日期|收件人|抄送|主题)\*?\s*[:：]", re.IGNORECASE
)
_FORWARDED = re.compile(r"\s*-{2,}\s*(?:Forwarded message|转发的?邮件)|\s*Begin forwarded message", re.IGNORECASE)
_HEAD_LINES = 8


@dataclass(frozen=True)
class Passage:
    """Some lines of a message, all of them new or all of them quoted."""

    text: str
    is_quoted: bool


def passages(text: str) -> list[Passage]:
    """The parts of ``text`` in their order; put together by line breaks they are the text again.

    A message that is nothing but a quote is one new passage: somebody wanted to show it.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    quoted = _quoted(lines)
    if not any(line.strip() and not old for line, old in zip(lines, quoted, strict=True)):
        quoted = [False] * len(lines)
    pairs = zip(quoted, lines, strict=True)
    return [Passage("\n".join(line for _, line in run), old) for old, run in groupby(pairs, key=lambda pair: pair[0])]


def _quoted(lines: list[str]) -> list[bool]:
    found = [False] * len(lines)
    end = _tail(lines)
    found[end:] = [True] * (len(lines) - end)
    for first, last in _marked_blocks(lines[:end]):
        intro = _intro_above(lines, first)
        if intro == first and not any(_PLAINLY_MARKED.match(line) for line in lines[first:last]):
            continue
        found[intro:last] = [True] * (last - intro)
    return found


def _marked_blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Runs of marked lines as (first, behind the last); blank lines between two marked ones belong to the run."""
    first = last = -1
    for at, line in enumerate(lines):
        if _MARKED.match(line):
            first, last = (at if first < 0 else first), at + 1
        elif line.strip() and first >= 0:
            yield first, last
            first = -1
    if first >= 0:
        yield first, last


def _intro_above(lines: list[str], first: int) -> int:
    """Where «On … wrote:» above the line ``first`` begins, over one line or two; else ``first``."""
    at = first - 1
    while at >= 0 and not lines[at].strip():
        at -= 1
    if at < 0:
        return first
    if _introduces(lines[at]):
        return at
    if at and lines[at - 1].strip() and _introduces(f"{lines[at - 1]} {lines[at]}"):
        return at - 1
    return first


def _tail(lines: list[str]) -> int:
    """From which line on everything is repeated without marks; the number of lines when nothing is."""
    for at, line in enumerate(lines):
        if not (_RULE.match(line) or _is_head(lines, at) or _names_sender(lines, at)):
            continue
        above = [earlier for earlier in lines[:at] if earlier.strip()]
        if above and not _FORWARDED.match(above[-1]):
            return at
    return len(lines)


def _introduces(line: str) -> bool:
    words = line.strip()
    return len(words) <= _LONGEST_INTRO and _INTRO.match(words) is not None


def _is_head(lines: list[str], at: int) -> bool:
    """A block «From: … Sent: … Subject: …» as mail programs write it; one such line alone is ordinary text."""
    if not _FIRST_HEADER.match(lines[at]):
        return False
    return sum(bool(_HEADER.match(line)) for line in lines[at + 1 : at + _HEAD_LINES]) >= 2


def _names_sender(lines: list[str], at: int) -> bool:
    """«On … <a@b> wrote:» above unmarked lines. Without the address it may be somebody's own sentence."""
    if not (_introduces(lines[at]) and _ADDRESS.search(lines[at])):
        return False
    return not any(_MARKED.match(line) for line in lines[at + 1 :])
