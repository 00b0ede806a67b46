"""Everything into files that any program reads: tables as lines of JSON or as CSV, the uploads, a manifest over all.

For taking one's data elsewhere; `backup` is for coming back. Left out is what opens doors: passwords, tokens, sessions,
second factors, private links, sealed secrets, and bodies of demo mails, which hold such links.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.search import SearchVectorField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models import FileField

from helpdesk.embedded.trouble import Trouble
from reports.exports import csv_lines, plain

MANIFEST, TABLES, UPLOADS = "manifest.json", "tables", "uploads"
FORMS = ("jsonl", "csv")
#: Rooms of the house; what the framework keeps for itself (sessions, permissions, second factors) stays here.
ROOMS = ("accounts", "catalog", "knowledge", "sla", "tickets", "intake", "feedback", "reports", "outbox")
#: Tables that are keys, or hold them.
_CLOSED = frozenset(
    {"accounts.ApiToken", "tickets.AccessLink", "outbox.KeptAnswer", "outbox.MailboxMessage"}
    | {"outbox.RateWindow", "outbox.ClockShift", "outbox.Heartbeat", "tickets.TicketLease", "tickets.Draft"}
)
#: Columns whose values open something, by their name wherever they stand.
_SECRET = frozenset({"password", "token_hash", "secret_hash", "secret"})
#: They could be opened with `SECRET_KEY`, and are of no use without it.
_SEALED = "sealed_"
_CHUNK = 2000
_BYTES = 1024 * 1024


def export(folder: Path, *, now: datetime, form: str = "jsonl", mark: bool = False) -> dict[str, Any]:
    """Write everything into ``folder``, which must be new or empty; returns the manifest.

    ``form`` is one of `FORMS`; with ``mark`` a CSV begins with the mark by which spreadsheets know UTF-8. The rows are
    those of one instant, read through a cursor of the database, so that memory does not grow with them.

    Raises:
        Trouble: with one sentence that says what to do.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Trouble(f"{folder} is not an empty folder; name a new one.")
    (folder / TABLES).mkdir(parents=True, mode=0o700)
    manifest: dict[str, Any] = {"created_at": now.isoformat(), "tables": {}, "uploads": {}}
    keys: dict[str, None] = {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for model in exported_models():
            path = folder / TABLES / f"{model._meta.db_table}.{form}"
            rows = _rows(model, keys)
            lines = _csv(model, rows, mark=mark) if form == "csv" else _json(rows)
            manifest["tables"][path.name] = _write(path, lines)
    for key in keys:
        manifest["uploads"][key] = _copy(Path(settings.MEDIA_ROOT), key, folder / UPLOADS)
    # Written last: a folder with it is a whole export.
    text = json.dumps(manifest, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n")
    return manifest


def exported_models() -> list[type[models.Model]]:
    """The tables that are written, their history of configuration too."""
    found = [model for room in ROOMS for model in apps.get_app_config(room).get_models()]
    return [model for model in found if model._meta.label not in _CLOSED and not model._meta.proxy]


def _columns(model: type[models.Model]) -> list[models.Field]:
    fields = model._meta.concrete_fields
    kept = [field for field in fields if field.name not in _SECRET and not field.name.startswith(_SEALED)]
    return [field for field in kept if not isinstance(field, SearchVectorField)]


def _rows(model: type[models.Model], keys: dict[str, None]) -> Iterator[dict[str, Any]]:
    """Every row in the order of its key; names of uploads are noted in ``keys``."""
    fields = _columns(model)
    files = [field.attname for field in fields if isinstance(field, FileField)]
    rows = model._base_manager.order_by("pk").values(*(field.attname for field in fields))
    for row in rows.iterator(chunk_size=_CHUNK):
        keys.update((row[name], None) for name in files if row[name])
        yield row


def _write(path: Path, lines: Iterator[tuple[int, str]]) -> dict[str, Any]:
    """Lines, each with how many rows it is, and how many rows and which hash that made."""
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for row, line in lines:
            content = line.encode()
            file.write(content)
            digest.update(content)
            count += row
    return {"rows": count, "sha256": digest.hexdigest()}


class _Exact(DjangoJSONEncoder):
    """Django's cuts instants to milliseconds, and messages of one second would lose their order."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime | time) else super().default(o)


def _json(rows: Iterator[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    for row in rows:
        yield 1, json.dumps(row, cls=_Exact, ensure_ascii=False) + "\n"


def _csv(model: type[models.Model], rows: Iterator[dict[str, Any]], *, mark: bool) -> Iterator[tuple[int, str]]:
    names = [field.attname for field in _columns(model)]
    (head,) = csv_lines([names])
    yield 0, ("\ufeff" if mark else "") + head
    for line in csv_lines([_cell(row[name]) for name in names] for row in rows):
        yield 1, line


def _cell(value: Any) -> Any:
    """What JSON would say, as a cell: nothing for null, structures as JSON, text never a formula."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, str):
        return plain(value)
    said = json.dumps(value, cls=_Exact, ensure_ascii=False)
    return plain(json.loads(said)) if said.startswith('"') else said


def _copy(media: Path, key: str, target: Path) -> dict[str, Any]:
    """One upload; one whose file is gone is said to be missing, and does not stop the rest."""
    source, wanted = media / key, target / key
    if not source.is_file():
        return {"missing": True}
    wanted.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(source, wanted)
    digest = hashlib.sha256()
    with wanted.open("rb") as file:
        while piece := file.read(_BYTES):
            digest.update(piece)
    return {"bytes": wanted.stat().st_size, "sha256": digest.hexdigest()}
