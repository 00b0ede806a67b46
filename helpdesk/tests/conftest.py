"""One first start of a real `make up` for all tests that need one; each works on a copy of its data."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpdesk.tests.real import RealUp, copy_checkout


@dataclass(frozen=True)
class FirstStart:
    """What the first start of a fresh checkout printed and showed, and the data that it left when it was stopped."""

    printed: str
    sign_in_page: str
    people: int
    home: Path


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("checkout") / "copy")


@pytest.fixture(scope="session")
def first_start(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    home = tmp_path_factory.mktemp("first") / "home"
    with RealUp(checkout, home) as up:
        printed = up.start()
        page = up.get("/accounts/login/")[1]
        people = up.query("SELECT count(*) FROM accounts_user")[0][0]
    return FirstStart(printed, page, people, home)


@pytest.fixture
def installation(checkout: Path, first_start: FirstStart, tmp_path: Path) -> Iterator[RealUp]:
    """Stopped, with demo data: what loading it again would take is a copy of a second."""
    shutil.copytree(first_start.home, tmp_path / "home", symlinks=True)
    with RealUp(checkout, tmp_path / "home") as up:
        yield up
