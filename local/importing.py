"""`make import`: sends a file to a shop, follows its import, and says what became of its rows."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.paths import stack_state
from local.targets import OperationFailed, Target

ANSWER_SECONDS_MAX = 60
SEND_SECONDS_MAX = 3_600  # of one form or part
POLL_SECONDS = 0.5
BAR_WIDTH = 30
ERRORS_SHOWN = 10
UNFINISHED = ("awaiting_file", "running")

Say = Callable[[str], None]


@dataclass(frozen=True)
class ImportCommand:
    file: str
    mapping: str = ""  # a file with a mapping, or the id of a saved one
    is_dry_run: bool = False
    on_error: str = ""
    currency: str = ""


@dataclass(frozen=True)
class ImportReport:
    upload: dict[str, Any]

    @property
    def is_ok(self) -> bool:
        """Whether every row was written, or would be."""
        counts = self.upload["counts"]
        return self.upload["status"] != "failed" and not counts["rejected"]

    def to_text(self) -> str:
        counts = self.upload["counts"]
        numbers = ", ".join(f"{counts[name]} {name}" for name in counts if name != "written")
        lines = [f"{self.upload['filename']}: {self.upload['status']}; {numbers}."]
        for error in self.upload["errors"][:ERRORS_SHOWN]:
            column = f", {error['field']}" if error["field"] else ""
            lines.append(f"  row {error['row']}{column}: {error['message']}")
        if len(self.upload["errors"]) > ERRORS_SHOWN:
            lines.append("  ...")
        if self.upload["error_file_url"]:
            lines.append(f"The rejected rows, to correct: {self.upload['error_file_url']}")
        if self.upload["status"] == "awaiting_confirmation":
            lines.append("Nothing is written yet. Run it again without DRY_RUN=1 to write it.")
        return "\n".join(lines)


def run_import(shop: Target, command: ImportCommand, say: Say = print) -> ImportReport:
    """Raises OperationFailed and httpx's errors."""
    path = Path(command.file)
    if not command.file or not path.is_file():
        raise OperationFailed(f"Name a file: `make import FILE=products.csv`. Found: {path}")
    with _open_shop(shop) as client:
        upload = _call(client, "POST", "/uploads", _request(path, command))
        _send(client, upload, path)
        report = ImportReport(_follow(client, upload["id"], say))
        if command.is_dry_run and report.upload["status"] == "awaiting_confirmation":
            _call(client, "POST", f"/uploads/{upload['id']}/cancel")
    return report


@contextmanager
def _open_shop(shop: Target) -> Iterator[httpx.Client]:
    """Raises OperationFailed."""
    url = (shop.local_url or shop.outputs()["ApiUrl"]) + "/v1"
    is_on_aws = shop.local_url is None  # a proxy of this machine leads to AWS only
    with httpx.Client(base_url=url, timeout=ANSWER_SECONDS_MAX, trust_env=is_on_aws) as client:
        client.headers["Authorization"] = f"Bearer {_find_token(client, is_local=not is_on_aws)}"
        yield client


def _find_token(client: httpx.Client, *, is_local: bool) -> str:
    """Of SOUK_API_KEY, of SOUK_EMAIL and SOUK_PASSWORD, or of the staff account of the local shop.

    Raises OperationFailed.
    """
    if key := os.environ.get("SOUK_API_KEY"):
        return key
    seeded = _read_seeded_account(client.base_url.port) if is_local else {}
    account = {
        name: os.environ.get(f"SOUK_{name.upper()}", seeded.get(name, ""))
        for name in ("email", "password")
    }
    if not all(account.values()):
        raise OperationFailed(
            "Set SOUK_API_KEY to an API key of a member of staff, or SOUK_EMAIL and SOUK_PASSWORD."
        )
    return str(_call(client, "POST", "/auth/login", account)["access_token"])


def _read_seeded_account(port: int | None) -> dict[str, str]:
    """The member of staff whom `make run` created."""
    saved = stack_state(port or 80) / "accounts.json"
    staff: dict[str, str] = json.loads(saved.read_text())[0] if saved.is_file() else {}
    return staff


def _request(path: Path, command: ImportCommand) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": "products", "filename": path.name, "size": path.stat().st_size}
    if command.is_dry_run:
        body["mode"] = "dry_run"
    if command.on_error:
        body["on_error"] = command.on_error
    if command.currency:
        body["currency"] = command.currency
    if command.mapping.startswith("map_"):
        body["mapping_id"] = command.mapping
    elif command.mapping:
        body["mapping"] = json.loads(Path(command.mapping).read_text())
    return body


def _send(client: httpx.Client, upload: dict[str, Any], path: Path) -> None:
    """Raises OperationFailed and httpx's errors."""
    is_local = upload["form"] is not None and "://localhost" in upload["form"]["url"]
    timeout = httpx.Timeout(SEND_SECONDS_MAX)
    if upload["form"]:
        with path.open("rb") as file:
            sent = httpx.post(
                upload["form"]["url"],
                data=upload["form"]["fields"],
                files={"file": file},
                timeout=timeout,
                trust_env=not is_local,
            )
        _require_success(sent)
        return
    parts = upload["parts"]
    etags: list[str] = []
    with path.open("rb") as file:
        for url in parts["urls"]:
            content = file.read(parts["part_size"])
            sent = httpx.put(url, content=content, timeout=timeout)
            _require_success(sent)
            etags.append(sent.headers["etag"])
    _call(client, "POST", f"/uploads/{upload['id']}/complete", {"etags": etags})


def _require_success(sent: httpx.Response) -> None:
    if not sent.is_success:
        raise OperationFailed(f"S3 answered {sent.status_code}: {sent.text[:200]}")


def _follow(client: httpx.Client, upload_id: str, say: Say) -> dict[str, Any]:
    """The upload when it has ended or waits. Shows a line of progress on a terminal."""
    while True:
        upload: dict[str, Any] = _call(client, "GET", f"/uploads/{upload_id}")
        if sys.stderr.isatty():
            print(f"\r{_progress_line(upload)}", end="", file=sys.stderr, flush=True)
        if upload["status"] not in UNFINISHED:
            break
        time.sleep(POLL_SECONDS)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if upload["file"]:
        found = upload["file"]
        say(f"Read as {found['format']} with the columns of {found['layout']}.")
    return upload


def _progress_line(upload: dict[str, Any]) -> str:
    counts, progress = upload["counts"], upload["progress"]
    total = progress["rows_total"]
    if not total:
        return f"{upload['phase'] or upload['status']}..."
    filled = round(BAR_WIDTH * min(1, counts["rows"] / total))
    bar = "#" * filled + "." * (BAR_WIDTH - filled)
    rate = f", {progress['rows_per_second']:.0f} rows/s" if progress["rows_per_second"] else ""
    left = f", {progress['seconds_left']} s left" if progress["seconds_left"] is not None else ""
    return f"[{bar}] {counts['rows']}/{total} rows, {counts['rejected']} rejected{rate}{left}   "


def _call(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """Raises OperationFailed with the shop's own words."""
    answer = client.request(method, path, json=body)
    if not answer.is_success:
        error = answer.json().get("error", {}) if answer.content else {}
        raise OperationFailed(f"{answer.status_code}: {error.get('message', answer.text[:200])}")
    return answer.json()
