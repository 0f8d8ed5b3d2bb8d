from pathlib import Path

import pytest

from local import deployment


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("functions/orders", "shared", "local"):
        (tmp_path / folder).mkdir(parents=True)
    for name in (*deployment.PINS, "template.yaml", "functions/orders/handler.py", "shared/ids.py"):
        (tmp_path / name).write_text("one\n")
    return tmp_path


@pytest.mark.parametrize(
    "changed",
    ["template.yaml", "functions/orders/handler.py", "shared/ids.py", deployment.PINS[0]],
)
def test_a_change_to_what_is_deployed_changes_the_fingerprint(project: Path, changed: str) -> None:
    before = deployment.fingerprint(project)

    (project / changed).write_text("two\n")

    assert deployment.fingerprint(project) != before


def test_a_file_under_a_new_name_changes_the_fingerprint(project: Path) -> None:
    before = deployment.fingerprint(project)

    (project / "shared/ids.py").rename(project / "shared/names.py")

    assert deployment.fingerprint(project) != before


def test_tests_and_compiled_files_do_not_change_the_fingerprint(project: Path) -> None:
    before = deployment.fingerprint(project)

    for name in ("tests/test_ids.py", "shared/__pycache__/ids.cpython-313.pyc", "README.md"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("new\n")

    assert deployment.fingerprint(project) == before
