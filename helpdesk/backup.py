"""Everything into a folder, and back: the database by PostgreSQL's own tools, the uploads as they are."""

import json
import os
import shutil
import subprocess  # nosec B404
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from helpdesk.embedded.postgres import binaries
from helpdesk.embedded.trouble import Trouble

DUMP, UPLOADS, MANIFEST = "database.dump", "uploads", "manifest.json"


def backup(folder: Path, *, now: datetime) -> None:
    """Write a backup into ``folder``, which must be new or empty. Works while everything runs.

    The database first: a file whose row came later does no harm, a row without its file would.

    Raises:
        Trouble: with one sentence that says what to do.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Trouble(f"{folder} is not an empty folder; name a new one.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DUMP}")
    if Path(settings.MEDIA_ROOT).is_dir():
        shutil.copytree(settings.MEDIA_ROOT, folder / UPLOADS)
    manifest = {"created_at": now.isoformat(), "migrations": sorted(map(list, _applied()))}
    # Written last: a folder with it is a whole backup.
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")


def restore(folder: Path) -> None:
    """Bring a backup into an empty database and an empty folder of uploads.

    Raises:
        Trouble: when it is no whole backup, was made by a newer version, or would overwrite something.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except OSError as error:
        raise Trouble(f"{folder} holds no whole backup: {MANIFEST} cannot be read.") from error
    unknown = {tuple(name) for name in manifest["migrations"]} - set(MigrationLoader(None).disk_migrations)
    if unknown:
        app, name = min(unknown)
        raise Trouble(f"This backup was made by a newer version ({app}.{name} is unknown): install that one first.")
    if connection.introspection.table_names():
        raise Trouble("The database is not empty; restore into a new one.")
    media = Path(settings.MEDIA_ROOT)
    if media.is_dir() and any(media.iterdir()):
        raise Trouble(f"{media} is not empty; set MEDIA_ROOT to a new folder.")
    database = connection.settings_dict["NAME"]
    connection.close()
    # In one transaction: a restore that is interrupted leaves the database empty.
    _run("pg_restore", "--single-transaction", "--no-owner", f"--dbname={database}", str(folder / DUMP))
    media.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / UPLOADS).is_dir():
        shutil.copytree(folder / UPLOADS, media, dirs_exist_ok=True)


def _applied() -> set[tuple[str, str]]:
    return set(MigrationLoader(connection).applied_migrations)


def _run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's tools on our database; the password goes by the environment, hidden from other users."""
    given = connection.settings_dict
    found = shutil.which(program, path=f"{_embedded()}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        raise Trouble(f"{program} is missing: apt-get install -y postgresql-client")
    host = given["HOST"] or given["OPTIONS"].get("host", "")
    names = {"PGHOST": host, "PGPORT": given["PORT"], "PGUSER": given["USER"], "PGPASSWORD": given["PASSWORD"]}
    environment = os.environ | {name: str(value) for name, value in names.items() if value}
    command = [found, *arguments, *([] if program == "pg_restore" else [given["NAME"]])]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)  # nosec B603
    if done.returncode:
        raise Trouble(f"{program}: {done.stderr.strip()}")


def _embedded() -> str:
    try:
        return str(binaries())
    except Trouble:
        return ""
