"""What the writer of a mail added now: without what was quoted, and without the signature.

Cut is only what shows itself as quoted. Where that would leave nothing, or where a mail is passed on, all of it stays;
a sentence too many annoys, a sentence lost is an answer lost. `ParsedMail.text` has everything in any case.
"""

from dataclasses import dataclass, field

from intake.mail import quote_patterns as patterns
from intake.mail.html_text import Mark, plain

#: An introducing line is wrapped over so many lines at most, and so many characters.
_WRAPPED = 4
_LONGEST = 600
#: Labels of a header block are looked for so far.
_BLOCK = 12
_MAX_LINES = 20_000
_SIGNATURE_LINES = 20


@dataclass
class _Runs:
    """The lines that stay, in the stretches that quotes part them into."""

    runs: list[list[str]] = field(default_factory=lambda: [[]])
    cut: bool = False

    def add(self, line: str) -> None:
        self.runs[-1].append(line)

    def part(self) -> None:
        """A quote begins here; a rule that only parted it from the text goes with it."""
        self.cut = True
        run = self.runs[-1]
        while run and (not run[-1].strip() or patterns.RULE.match(run[-1])):
            run.pop()
        if self.runs[-1]:
            self.runs.append([])

    def empty(self) -> bool:
        return not any(line.strip() for run in self.runs for line in run)


def reply_text(text: str, *, is_reply: bool, is_forward: bool) -> tuple[str, bool]:
    """The writer's own words of a text (marks of `html_text` allowed), and whether a quote was found.

    `is_reply`: the headers say that another mail is answered; lines with «>» are quotes only then, or behind a line
    that introduces them, for a first mail may show the prompt of a console.
    """
    lines = text.split("\n")
    if is_forward or len(lines) > _MAX_LINES:
        kept = _Runs([lines])
    else:
        kept = _without_quotes(lines, is_reply)
        if kept.empty() and Mark.QUOTE in lines:
            kept = _between_quotes(lines) or kept
    signed = [_without_signature(run) for run in kept.runs]
    result = _joined(signed)
    if not result:
        result = _joined(kept.runs) or plain(text).strip()
    return result, kept.cut


def _joined(runs: list[list[str]]) -> str:
    pieces = [plain("\n".join(line.rstrip() for line in run)).strip("\n") for run in runs]
    return "\n\n".join(piece for piece in pieces if piece.strip()).strip()


def _without_quotes(lines: list[str], is_reply: bool) -> _Runs:
    kept = _Runs()
    introduced = is_reply
    index = 0
    while index < len(lines):
        line = lines[index]
        if patterns.FORWARDED.match(line):
            # What is passed on is what the mail is about.
            kept.runs[-1].extend(lines[index:])
            break
        if line == Mark.QUOTE:
            index = _end_of_marked(lines, index, kept)
            continue
        header = _introduction(lines, index)
        if header:
            introduced = True
            following = _next_words(lines, header)
            if following.lstrip().startswith(">") or following == Mark.QUOTE:
                kept.part()
                index = header
                continue
            if kept.empty():
                # Nothing was written above, and where an unmarked quote ends nobody can tell.
                kept.runs[-1].extend(lines[index:])
            else:
                kept.part()
            break
        if line.lstrip().startswith(">") and introduced:
            kept.part()
        else:
            kept.add(line)
        index += 1
    return kept


def _between_quotes(lines: list[str]) -> _Runs | None:
    """What stands inside of one quote and between others: who answers point by point writes into the quote."""
    depth = 0
    opened: list[str] = []
    for line in lines:
        if line == Mark.QUOTE:
            depth += 1
            if depth == 1:
                continue
        elif line == Mark.QUOTE_END:
            depth -= 1
            if depth == 0:
                continue
        opened.append(line)
    if Mark.QUOTE not in opened:
        return None
    kept = _without_quotes(opened, True)
    return None if kept.empty() or not kept.cut else kept


def _next_words(lines: list[str], index: int) -> str:
    return next((line for line in lines[index : index + 6] if line.strip()), "")


def _end_of_marked(lines: list[str], index: int, kept: _Runs) -> int:
    """Step over a quote that the mail program marked; where it holds a mail passed on, keep it."""
    depth, end = 0, index
    for end in range(index, len(lines)):
        if lines[end] == Mark.QUOTE:
            depth += 1
        elif lines[end] == Mark.QUOTE_END:
            depth -= 1
            if depth == 0:
                break
    inside = lines[index + 1 : end]
    first = [line for line in inside if line.strip() and line not in tuple(Mark)][:3]
    if any(patterns.FORWARDED.match(line) for line in first):
        for line in inside:
            kept.add(line)
    else:
        kept.part()
    return end + 1


def _introduction(lines: list[str], index: int) -> int:
    """Where the quoted text begins if a line that introduces one stands here; 0 if not."""
    line = lines[index]
    if not line.strip() or len(line) > 4 * _LONGEST:
        return 0
    if (
        patterns.ORIGINAL.match(line.replace("\u00a0", " "))
        or patterns.NOTES.match(line)
        or patterns.REPLY_ABOVE.search(line[:300])
    ):
        return _end_of_block(lines, index + 1) or index + 1
    if patterns.RULE.match(line):
        following = next((at for at in range(index + 1, min(index + 4, len(lines))) if lines[at].strip()), 0)
        return _end_of_block(lines, following) if following else 0
    return _end_of_block(lines, index) or _end_of_attribution(lines, index)


def _end_of_block(lines: list[str], index: int) -> int:
    """Behind a block of «From: … Sent: … To: … Subject: …» that begins here, 0 where none does."""
    start = next((at for at in range(index, min(index + 3, len(lines))) if lines[at].strip()), -1)
    if start < 0:
        return 0
    head = _squeezed(lines[start])
    if not patterns.FROM_LABEL.match(head):
        return 0
    if _all_in_one_line(head[:2000]):
        return start + 1
    seen: set[str] = set()
    end = start
    for at in range(start + 1, min(start + _BLOCK, len(lines))):
        label = _label(_squeezed(lines[at]))
        if label and label not in seen:
            seen.add(label)
            end = at
    # Two of them, one of which tells when or what: nobody writes that by hand.
    return end + 1 if len(seen) >= 2 and seen & {"sent", "subject"} else 0


def _all_in_one_line(line: str) -> bool:
    """«From: … Sent: … To: … Subject: …» without line breaks, as some phones write."""
    position = 0
    for pattern in patterns.IN_ONE_LINE:
        found = pattern.search(line, position)
        if not found:
            return False
        position = found.end()
    return True


def _label(line: str) -> str:
    return next((name for name, pattern in patterns.OTHER_LABELS.items() if pattern.match(line)), "")


def _squeezed(line: str) -> str:
    """A line whose label is not stretched («主　题：», «日 期：»)."""
    head, colon, rest = line[:40].partition("：")
    if colon and len(head) < 12 and not head.isascii():
        return "".join(head.split()) + "：" + rest + line[40:]
    return line.replace("\u3000", "")


def _end_of_attribution(lines: list[str], index: int) -> int:
    """Behind «On … wrote:», which may be wrapped; 0 where none begins here."""
    joined = ""
    for count in range(_WRAPPED):
        at = index + count
        if at >= len(lines) or (count and not lines[at].strip()):
            return 0
        if count and (lines[at].lstrip().startswith(">") or not _may_be_wrapped(lines[index])):
            return 0
        joined = f"{joined} {lines[at].strip()}".strip()
        if len(joined) > _LONGEST:
            return 0
        # An address that was broken in its middle is still one.
        if joined.endswith((":", "：", ">")) and _is_attribution(joined, _next_words(lines, at + 1), count > 0):
            return at + 1
    return 0


def _may_be_wrapped(first: str) -> bool:
    return bool(patterns.BEGINS.match(first) or patterns.HAS_DATE.search(first) or "<" in first)


def _is_attribution(line: str, following: str, wrapped: bool) -> bool:
    quoted = following.lstrip().startswith(">") or following == Mark.QUOTE
    if line.startswith(">"):
        return False
    dated = bool(patterns.HAS_DATE.search(line))
    if patterns.WROTE_END.search(line):
        begins = bool(patterns.BEGINS.match(line))
        if dated and (begins or "@" in line or any(word in line for word in ("于", "在", "於"))):
            return True
        return quoted and (not wrapped or begins)
    begins = bool(patterns.BEGINS.match(line))
    if patterns.WROTE_WITHIN.search(line) or (begins and dated and patterns.WROTE_ANYWHERE.search(line)):
        return quoted or ("@" in line and dated)
    if (begins and patterns.ADDRESS_AT_END.search(line)) or patterns.QUOTING.match(line):
        return quoted
    return bool(patterns.DATE_AND_ADDRESS.match(line)) and (quoted or line.endswith((":", "：")))


def _without_signature(run: list[str]) -> list[str]:
    run = _without_marked_signature(run)
    filled = [index for index, line in enumerate(run) if line.strip()]
    for index in filled[-_SIGNATURE_LINES - 1 :]:
        line = run[index].replace("\u00a0", " ")
        behind = [at for at in filled if at > index]
        if patterns.SIGNATURE.match(line.rstrip("\r")) and (line == "-- " or len(behind) <= 10):
            return run[:index]
        short = all(len(run[at]) <= 60 for at in behind)
        if patterns.QQ_SIGNATURE.match(line) and behind and len(behind) <= 6 and short:
            return run[:index]
    for index in filled[-3:]:
        if patterns.PHONE.match(run[index]):
            return _without_rule(run[:index])
    return run


def _without_rule(run: list[str]) -> list[str]:
    """A rule that only parted the phone's line from the text goes with it."""
    while run and (not run[-1].strip() or run[-1].strip() in ("--", "---", "—")):
        run = run[:-1]
    return run


def _without_marked_signature(run: list[str]) -> list[str]:
    if Mark.SIGNATURE not in run:
        return run
    result: list[str] = []
    depth = 0
    for line in run:
        if line == Mark.SIGNATURE:
            depth += 1
        elif line == Mark.SIGNATURE_END:
            depth = max(0, depth - 1)
        elif not depth:
            result.append(line)
    # Some programs let people write inside the signature: then it is none.
    return result if any(line.strip() for line in result) else run
