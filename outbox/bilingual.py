"""Names that administrators write in both languages. It lives on the ground floor because every room has such rows."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


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
        if self.name_en and not (get_language() or "").startswith("zh"):
            return self.name_en
        return self.name
