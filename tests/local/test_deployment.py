from pathlib import Path

import pytest

from local import deployment, sam

PARAMETERS = {"MailSender": "shop@souk.example", "ShopCurrency": "EUR"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("functions/orders", "shared", "local"):
        (tmp_path / folder).mkdir(parents=True)
    for name in (
        *sam.PINNED_REQUIREMENTS,
        "template.yaml",
        "functions/orders/handler.py",
        "shared/ids.py",
    ):
        (tmp_path / name).write_text("one\n")
    return tmp_path


@pytest.mark.parametrize(
    "changed",
    [
        "template.yaml",
        "functions/orders/handler.py",
        "shared/ids.py",
        sam.PINNED_REQUIREMENTS[0],
    ],
)
def test_a_changed_source_changes_the_fingerprint(project: Path, changed: str) -> None:
    before = deployment.compute_fingerprint(project, PARAMETERS)

    (project / changed).write_text("two\n")

    assert deployment.compute_fingerprint(project, PARAMETERS) != before


@pytest.mark.parametrize(
    "changed", [{"MailSender": "tea@shop.example"}, {"ShopCurrency": "JPY"}, {"ShopName": "Tea"}]
)
def test_a_changed_parameter_changes_the_fingerprint(
    project: Path, changed: dict[str, str]
) -> None:
    before = deployment.compute_fingerprint(project, PARAMETERS)

    assert deployment.compute_fingerprint(project, PARAMETERS | changed) != before


def test_the_order_of_parameters_does_not_change_the_fingerprint(project: Path) -> None:
    reordered = dict(reversed(PARAMETERS.items()))

    assert deployment.compute_fingerprint(project, reordered) == deployment.compute_fingerprint(
        project, PARAMETERS
    )


def test_a_renamed_file_changes_the_fingerprint(project: Path) -> None:
    before = deployment.compute_fingerprint(project, PARAMETERS)

    (project / "shared/ids.py").rename(project / "shared/names.py")

    assert deployment.compute_fingerprint(project, PARAMETERS) != before


def test_tests_and_compiled_files_do_not_change_the_fingerprint(project: Path) -> None:
    before = deployment.compute_fingerprint(project, PARAMETERS)

    for name in ("tests/test_ids.py", "shared/__pycache__/ids.cpython-313.pyc", "README.md"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("new\n")

    assert deployment.compute_fingerprint(project, PARAMETERS) == before
