"""The scripts behind `make`: what they refuse, and the sentence that says so."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import polib
import pytest

from helpdesk.embedded.home import PROJECT
from helpdesk.launcher import prepare
from helpdesk.launcher.catalogues import compile_catalogues


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROJECT / "tools" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestBootstrap:
    @pytest.mark.parametrize(
        ("output", "sentence"),
        [
            ("OSError: [Errno 28] No space left on device", "The disk is full"),
            ("ERROR: No matching distribution found for rjieba==0.2.1", "A package has no wheel for this machine"),
            ("NewConnectionError: Temporary failure in name resolution", "The package index cannot be reached"),
            ("THESE PACKAGES DO NOT MATCH THE HASHES", "does not match its locked hash"),
            (
                "The virtual environment was not created because ensurepip is not available",
                "apt-get install -y python3-venv",
            ),
        ],
    )
    def test_each_complaint_becomes_a_sentence(self, output: str, sentence: str) -> None:
        with pytest.raises(SystemExit, match=sentence):
            _tool("bootstrap").explain(output, "it failed")

    def test_no_venv_module(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        bootstrap = _tool("bootstrap")
        monkeypatch.setattr(bootstrap, "PYTHON", str(tmp_path / "none"))
        monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(SystemExit, match="venv module is missing: apt-get install -y python3-venv"):
            bootstrap.make_venv()

    def test_an_old_python(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bootstrap = _tool("bootstrap")
        monkeypatch.setattr(bootstrap, "OLDEST", (9, 9))
        monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
        with pytest.raises(SystemExit, match="Python 3.11 or newer is needed"):
            bootstrap.right_python()

    def test_an_unchanged_lock_is_not_installed_again(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        bootstrap = _tool("bootstrap")
        (tmp_path / "requirements.txt").write_text("one==1")
        monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
        monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
        calls: list[list[str]] = []
        monkeypatch.setattr(bootstrap, "run", lambda command: calls.append(command) or (0, ""))
        bootstrap.install(["requirements.txt"], ".locked")
        bootstrap.install(["requirements.txt"], ".locked")
        assert len(calls) == 1
        (tmp_path / "requirements.txt").write_text("one==2")
        bootstrap.install(["requirements.txt"], ".locked")
        assert len(calls) == 2


class TestTranslations:
    @pytest.mark.parametrize(
        ("entry", "fault"),
        [
            (polib.POEntry(msgid="Send", msgstr=""), "not translated"),
            (polib.POEntry(msgid="Send", msgstr="发送", flags=["fuzzy"]), "fuzzy"),
            (polib.POEntry(msgid="Send", msgstr="Send"), "copied"),
            (polib.POEntry(msgid="%(n)s open", msgstr="未结"), "placeholders"),
            (polib.POEntry(msgid="a", msgid_plural="b", msgstr_plural={0: ""}), "not translated"),
        ],
    )
    def test_faults_are_found(self, tmp_path: Path, entry: polib.POEntry, fault: str) -> None:
        (found,) = self._faults(tmp_path, entry)
        assert fault in found

    @pytest.mark.parametrize(
        ("msgid", "msgstr"), [("Send", "发送"), ("SLA", "SLA"), ("%(a)s – %(b)s", "%(a)s – %(b)s")]
    )
    def test_what_is_well_passes(self, tmp_path: Path, msgid: str, msgstr: str) -> None:
        assert self._faults(tmp_path, polib.POEntry(msgid=msgid, msgstr=msgstr)) == []

    def _faults(self, folder: Path, entry: polib.POEntry) -> list[str]:
        catalogue = polib.POFile()
        catalogue.append(entry)
        catalogue.save(str(folder / "django.po"))
        return _tool("check_translations").faults(folder / "django.po")

    def test_compiled_without_gettext_and_only_when_newer(self, tmp_path: Path) -> None:
        folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        catalogue = polib.POFile()
        catalogue.append(polib.POEntry(msgid="Send", msgstr="发送"))
        catalogue.save(str(folder / "django.po"))
        assert compile_catalogues(tmp_path) == 1
        assert polib.mofile(str(folder / "django.mo"))[0].msgstr == "发送"
        assert compile_catalogues(tmp_path) == 0

    def test_compiled_before_django_reads_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        done: list[str] = []
        monkeypatch.setattr(prepare, "compile_catalogues", lambda locale: done.append(locale.name))
        monkeypatch.setattr(prepare.django, "setup", lambda: done.append("setup"))
        prepare.read_code()
        assert done == ["locale", "setup"]


def test_no_start_without_a_real_key() -> None:
    script = PROJECT / "tools" / "check_refusal.py"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, str(script)], check=False, cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
