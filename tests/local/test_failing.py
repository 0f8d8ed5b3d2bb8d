"""What goes wrong on a laptop is told in one line, with a way out."""

import subprocess
from pathlib import Path

import pytest

from local import deployment, paths
from local.errors import StackError


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def set_up_with(python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = ["/bin/sh", "local/make_venv.sh", str(folder / "venv"), "requirements-dev.txt", "it"]
    return subprocess.run(  # noqa: S603
        script, env={"PYTHON": python}, cwd=paths.ROOT, capture_output=True, text=True, check=False
    )


def test_a_machine_without_python_is_told_what_is_missing(tmp_path: Path) -> None:
    ran = set_up_with("python-that-is-not-there", tmp_path)

    assert ran.returncode == 1
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.startswith("make: no python-that-is-not-there here: Souk needs Python 3.11")


def test_a_python_that_is_too_old_is_told_so(tmp_path: Path) -> None:
    old = program(tmp_path / "python", '[ "$1" = --version ] && echo "Python 3.9.2"; exit 1')

    ran = set_up_with(str(old), tmp_path)

    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith("make: Python 3.9.2 is too old")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo Building; echo 'Error: Template is wrong'; echo; exit 1", "Template is wrong"),
        (
            "echo 'Traceback (most recent call last):'; echo 'ValueError: x'; exit 2",
            "ValueError: x",
        ),
        ("exit 3", "no reason given"),
    ],
    ids=["an error", "a crash", "silence"],
)
def test_a_failed_build_is_its_reason_and_where_to_read_on(
    script: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "SAM", program(tmp_path / "sam", script))
    monkeypatch.setattr(paths, "BUILDS", tmp_path / "builds")

    with pytest.raises(StackError) as failure:
        deployment.build(tmp_path, "a fingerprint")

    log = tmp_path / "logs" / "sam-build.log"
    assert str(failure.value) == f"sam build failed: {reason} (log: {log})"
    assert log.exists()
