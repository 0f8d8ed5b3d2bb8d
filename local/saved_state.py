"""What MiniStack has saved: a file for each service, and a manifest that names those of one save.

A save writes the files first and replaces the manifest last. So a crash in the middle of a save
leaves the save before it. Standard library only: MiniStack's environment imports this module too.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

MANIFEST = "manifest.json"
FOLDER = "saves"  # in the state folder
LOCK = "lock"  # likewise: a running shop holds it


class UnreadableState(Exception):
    """The saved state cannot be restored. The message is one line for a person at a terminal."""


@dataclass(frozen=True)
class SavedState:
    """A save. `files` maps a service to its file. `is_final`: it was made by a regular stop."""

    saved_at: str  # RFC 3339, UTC: nothing that came later is in the files
    is_final: bool
    port: int  # MiniStack's, which is in its queues' addresses
    files: Mapping[str, str]

    def local_time(self) -> str:
        """For a person on this machine: `14:03:05`."""
        return f"{datetime.fromisoformat(self.saved_at).astimezone():%H:%M:%S}"


def write(
    state: Path, services: Mapping[str, str], *, port: int, is_final: bool, taken_at: datetime
) -> None:
    """Save the state of all services, each as JSON, as they were at `taken_at`.

    Files that did not change are kept.
    """
    folder = state / FOLDER
    folder.mkdir(exist_ok=True)
    files = {
        name: f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
        for name, text in services.items()
    }
    for name, file in files.items():
        if not (folder / file).exists():
            _replace(folder / file, services[name])
    saved_at = taken_at.astimezone(UTC).isoformat(timespec="milliseconds")
    saved = SavedState(saved_at, is_final, port, files)
    _replace(folder / MANIFEST, json.dumps(asdict(saved)))
    for path in folder.glob("*-*.json"):
        if path.name not in files.values():
            path.unlink(missing_ok=True)


def read(state: Path) -> SavedState | None:
    """The last complete save. Raises UnreadableState."""
    path = state / FOLDER / MANIFEST
    try:
        return SavedState(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable(path) from error


def restore(state: Path, target: Path) -> SavedState | None:
    """Give MiniStack's folder the files of the last complete save. Raises UnreadableState."""
    saved = read(state)
    if saved is None:
        return None
    target.mkdir(parents=True, exist_ok=True)
    for stale in target.glob("*.json"):
        stale.unlink()
    for name, file in saved.files.items():
        try:
            shutil.copyfile(state / FOLDER / file, target / f"{name}.json")
        except OSError as error:
            raise _unreadable(state / FOLDER / file) from error
    return saved


def forget(state: Path) -> None:
    """Delete all saves: the next start begins with an empty shop."""
    (state / FOLDER / MANIFEST).unlink(missing_ok=True)


def _unreadable(path: Path) -> UnreadableState:
    return UnreadableState(
        f"{path} cannot be read. Move the folder {path.parent.parent} away to start with an empty "
        "shop."
    )


def _replace(path: Path, text: str) -> None:
    """Write a file as a whole, also when the machine loses power."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
