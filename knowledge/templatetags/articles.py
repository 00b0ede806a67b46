"""Texts of articles and answers in templates."""

import re

from django import template
from django.template.defaultfilters import stringfilter
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from knowledge.markdown import render

register = template.Library()

_MARKS = re.compile(r"[*`#>|]+|(?<!\w)_+|_+(?!\w)|!?\[([^\]]*)\]\([^)]*\)|^\s*[-+]\s+", re.MULTILINE)


@register.filter(is_safe=True)
@stringfilter
def markdown(text: str) -> SafeString:
    """Markdown as safe HTML (see `knowledge.markdown`)."""
    return render(text)


@register.filter
@stringfilter
def excerpt(text: str, length: int = 140) -> str:
    """The beginning of a Markdown text, as plain words of one line."""
    plain = _MARKS.sub(r"\1", text[: length * 4])
    return Truncator(" ".join(plain.split())).chars(length)
