"""The language of the administrator's words: variables and «if», and nothing else. Pure.

    Hello {{ name }},
    {% if organization %}for {{ organization }}: {% else %}…{% endif %}

What people write here never reaches a template engine: there is no filter, no tag and no attribute that could be asked
of anything, so a text can say no more than the variables that its kind offers.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_TOKEN = re.compile(r"(\{\{[^{}]*\}\}|\{%[^{}]*%\})")
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}")
_DEEPEST = 5


@dataclass
class _If:
    """A question with what is said if it is so, and otherwise."""

    name: str
    line: int
    yes: list["_Node"] = field(default_factory=list)
    no: list["_Node"] = field(default_factory=list)
    has_else: bool = False

    @property
    def open_branch(self) -> list["_Node"]:
        return self.no if self.has_else else self.yes


@dataclass(frozen=True)
class _Variable:
    name: str


_Node = str | _Variable | _If


def check(text: str, *, names: Collection[str], needed: Collection[str] = ()) -> None:
    """Refuse what could not be filled in, and what leaves out a variable without which the mail is of no use.

    Raises:
        ValidationError: in words that stand at the field, with the line where there is one.
    """
    used: set[str] = set()
    parse(text, names=names, used=used)
    if missing := [name for name in needed if name not in used]:
        params = {"names": ", ".join(f"{{{{ {name} }}}}" for name in missing)}
        raise ValidationError(
            _("Without %(names)s this mail is of no use to its reader."), code="needed", params=params
        )


def parse(text: str, *, names: Collection[str], used: set[str] | None = None) -> list[_Node]:
    """The pieces of ``text``; names of variables that are filled in go into ``used``.

    Raises:
        ValidationError: an unknown variable or word, an «if» without its end, or braces that belong to nothing.
    """
    root: list[_Node] = []
    stack: list[_If] = []
    line = 1
    for position, piece in enumerate(_TOKEN.split(text)):
        is_token = position % 2 == 1
        branch = stack[-1].open_branch if stack else root
        if is_token and piece.startswith("{{"):
            name = _known(piece[2:-2].strip(), names, line)
            branch.append(_Variable(name))
            if used is not None:
                used.add(name)
        elif is_token:
            _take(piece[2:-2].split(), stack, branch, names, line)
        elif piece:
            if found := _BRACES.search(piece):
                raise _problem(_("Two braces that belong to nothing: %(what)s"), line, what=found[0])
            branch.append(piece)
        line += piece.count("\n")
    if stack:
        raise _problem(_("This “if” has no {%% endif %%}: %(what)s"), stack[-1].line, what=stack[-1].name)
    return root


def _take(words: list[str], stack: list[_If], branch: list[_Node], names: Collection[str], line: int) -> None:
    """One word of the language: if, else or endif."""
    match words:
        case ["if", name]:
            if len(stack) == _DEEPEST:
                raise _problem(_("Too many “if” inside each other: %(what)s"), line, what=name)
            opened = _If(_known(name, names, line), line)
            branch.append(opened)
            stack.append(opened)
        case ["else"] if stack and not stack[-1].has_else:
            stack[-1].has_else = True
        case ["endif"] if stack:
            stack.pop()
        case _:
            raise _problem(
                _("Only {%% if … %%}, {%% else %%} and {%% endif %%} are known, each at its place: %(what)s"),
                line,
                what=" ".join(words)[:40],
            )


def _known(name: str, names: Collection[str], line: int) -> str:
    if name not in names or not _NAME.fullmatch(name):
        known = ", ".join(sorted(names))
        raise _problem(_("“%(what)s” is no variable here. There are: %(known)s."), line, what=name[:40], known=known)
    return name


def _problem(words: Any, line: int, **params: str) -> ValidationError:
    said = {"line": line, "words": words % params}
    return ValidationError(_("Line %(line)d: %(words)s"), code="wording", params=said)


def fill(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its variables filled in by ``values``, which for HTML are escaped already.

    Raises:
        ValidationError: as `parse`; what was checked when it was saved raises nothing.
    """
    return _said(parse(text, names=values), values)


def _said(nodes: list[_Node], values: Mapping[str, str]) -> str:
    said = []
    for node in nodes:
        if isinstance(node, str):
            said.append(node)
        elif isinstance(node, _Variable):
            said.append(values[node.name])
        else:
            said.append(_said(node.yes if values[node.name].strip() else node.no, values))
    return "".join(said)
