"""Installation and build failures: one line that says what to do next."""

import subprocess
from pathlib import Path

import pytest

from local import deployment, paths
from local.emulator import StackError


def write_program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def make_venv_with(python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = [
        "/bin/sh",
        "local/make_venv.sh",
        str(folder / "venv"),
        "requirements-dev.txt",
        "packages",
    ]
    return subprocess.run(  # noqa: S603
        script, env={"PYTHON": python}, cwd=paths.ROOT, capture_output=True, text=True, check=False
    )


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    result = make_venv_with("python-that-is-not-there", tmp_path)

    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("make: python-that-is-not-there is not installed. Install Python 3.11")


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    old = write_program(tmp_path / "python", '[ "$1" = --version ] && echo "Python 3.9.2"; exit 1')

    result = make_venv_with(str(old), tmp_path)

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
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
def test_a_failed_build_names_its_reason_and_its_log(
    script: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "SAM_PYTHON", write_program(tmp_path / "sam", script))
    monkeypatch.setattr(paths, "BUILDS", tmp_path / "builds")

    with pytest.raises(StackError) as failure:
        deployment.build(tmp_path, "a fingerprint")

    log = tmp_path / "logs" / "sam-build.log"
    assert str(failure.value) == f"sam build failed: {reason} (log: {log})"
    assert log.exists()
