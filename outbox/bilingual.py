"""Names that administrators write in both languages. It lives on the ground floor because every room has such rows."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


def in_reader_language(chinese: str, english: str) -> str:
    """The one of two texts that the active language asks for; without an English one the Chinese."""
    if english and not (get_language() or "").startswith("zh"):
        return english
    return chinese


class BilingualName(models.Model):
    """A name in Chinese and, when given, in English; printed in the reader's language."""

    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language, falling back to the other one."""
        return in_reader_language(self.name, self.name_en)
