"""Are the translations complete?

Messages are collected afresh into a copy, so that one that nobody collected counts as missing. Nothing may be fuzzy,
empty, or a mere copy of the English, save names that are the same in both languages (SAME below).
With --update the fresh collection is written into locale/ instead (existing translations stay).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ["zh_Hans"]
SOURCES = (
    "accounts catalog feedback helpdesk intake knowledge outbox reports search sla tickets templates static".split()
)
# Names and signs that are written alike in both languages.
SAME = {
    "OAuth 2",
    *("API", "CSV", "FAQ", "ID", "IP", "KPI", "OK", "RSS", "SLA", "URL", "WeCom", "DingTalk", "English", "中文"),
    *("S", "A", "B", "HTML", "Markdown", "JSON", "HTTP", "SMTP", "IMAP", "OpenAPI", "Webhook"),
}
_NOT_WORDS = re.compile(r"(%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}|&\w+;|<[^>]+>|[\W\d_])+", re.IGNORECASE)


def collect(into: Path) -> None:
    """Run makemessages over a copy of the sources and leave its catalogues in `into`."""
    if not shutil.which("xgettext"):
        sys.exit("gettext is missing (only this check needs it): apt-get install -y gettext")
    with tempfile.TemporaryDirectory(prefix="messages-") as folder:
        copy = Path(folder)
        for name in SOURCES:
            if (ROOT / name).exists():
                # Tests are no text shown; the vendored scripts hold none of ours.
                ignored = shutil.ignore_patterns("tests", "vendor", "__pycache__", "migrations")
                shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        shutil.copytree(ROOT / "locale", copy / "locale", ignore=shutil.ignore_patterns("*.mo"))
        flags = [argument for locale in LOCALES for argument in ("-l", locale)]
        command = [
            sys.executable,
            "-m",
            "django",
            "makemessages",
            "--no-wrap",
            "--no-location",
            "--no-obsolete",
            *flags,
        ]
        for domain in ["django", *(["djangojs"] if _scripts_translate(copy) else [])]:
            done = subprocess.run(
                [*command, "-d", domain],
                check=False,
                cwd=copy,
                env=os.environ | {"PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": ""},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
        for locale in LOCALES:
            for catalogue in (copy / "locale" / locale / "LC_MESSAGES").glob("*.po"):
                target = into / locale / "LC_MESSAGES" / catalogue.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(catalogue, target)


def _scripts_translate(copy: Path) -> bool:
    return any("gettext(" in path.read_text(errors="replace") for path in (copy / "static").rglob("*.js"))


def faults(catalogue: Path) -> list[str]:
    """What is wrong with one catalogue, a line each."""
    found = []
    for entry in polib.pofile(str(catalogue)):
        if entry.obsolete:
            continue
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if entry.fuzzy:
            found.append(f"fuzzy: {entry.msgid!r}")
        elif not all(texts):
            found.append(f"not translated: {entry.msgid!r}")
        elif any(_copied(entry.msgid, text) for text in texts):
            found.append(f"copied from the English: {entry.msgid!r}")
        elif any(_placeholders(text) != _placeholders(entry.msgid) for text in texts) and not entry.msgid_plural:
            found.append(f"other placeholders than the English: {entry.msgid!r}")
    return found


def _copied(source: str, text: str) -> bool:
    """Whether the text is the English again, and has words that would be translated."""
    return source == text and source not in SAME and bool(_NOT_WORDS.sub("", source))


def _placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}", text, re.IGNORECASE))


def main() -> int:
    (ROOT / "locale").mkdir(exist_ok=True)
    if "--update" in sys.argv[1:]:
        collect(ROOT / "locale")
        return 0
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="catalogues-") as folder:
        collect(Path(folder))
        for locale in LOCALES:
            catalogues = sorted((Path(folder) / locale / "LC_MESSAGES").glob("*.po"))
            if not catalogues:
                print(f"{locale}: no catalogue")
                wrong += 1
            for catalogue in catalogues:
                for fault in faults(catalogue):
                    print(f"{locale}/{catalogue.name}: {fault}")
                    wrong += 1
    if wrong:
        print(f"{wrong} faults; `make messages` collects, then translate in locale/")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
