"""Translations compiled without gettext: `python -m helpdesk.launcher.catalogues`, which `make up` does by itself."""

import os
from pathlib import Path

import polib

from helpdesk.embedded.home import PROJECT


def compile_catalogues(locale: Path) -> int:
    """Compile each .po that is newer than its .mo; how many were. A half-written .mo is never seen."""
    done = 0
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = source.with_suffix(f".{os.getpid()}.tmp")
        polib.pofile(str(source)).save_as_mofile(str(draft))
        draft.replace(target)
        done += 1
    return done


if __name__ == "__main__":
    print(f"{compile_catalogues(PROJECT / 'locale')} translations compiled.")
