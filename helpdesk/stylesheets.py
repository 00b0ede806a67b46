"""One stylesheet for a page, of many files.

Styles are written in files of their own (`static/css/`) and need no build: `collectstatic` joins them, so that nothing
but one file stands before the first paint, and that file is in the cache when the next page opens. Without collected
files, in development and in tests, a page links each of them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

BUNDLE = "css/site.css"
#: Declares the order of layers, so it comes first; apart: the administration, the chat, the frame of a mail as it came.
_FIRST, _APART = "app.css", {"admin.css", "chat.css", "original.css"}


def stylesheets() -> list[str]:
    """Names of what a page links: the joined file where there is one."""
    return [BUNDLE] if isinstance(staticfiles_storage, JoinedStylesheets) else [f"css/{path.name}" for path in _parts()]


def _parts() -> list[Path]:
    found = (path for path in (settings.BASE_DIR / "static" / "css").glob("*.css") if path.name not in _APART)
    return sorted(found, key=lambda path: (path.name != _FIRST, path.name))


class JoinedStylesheets(CompressedManifestStaticFilesStorage):
    """Adds the joined file to what was collected, before all of it gets its fingerprinted name."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """As whitenoise's, with one file more."""
        if not dry_run:
            self.delete(BUNDLE)
            self.save(BUNDLE, ContentFile(b"\n".join(path.read_bytes() for path in _parts())))
            paths[BUNDLE] = (self, BUNDLE)
        yield from super().post_process(paths, dry_run, **options)
