"""`sam build` for the local stack builds only the layers that have changed."""

from pathlib import Path

import pytest

from local import paths, sam
from local.emulator import StackError
from tests.local.test_failing import write_program

# Prints SAM's record of the last build, then writes a record, as SAM does beside --build-dir.
FAKE_SAM = """
while [ "$1" != --build-dir ]; do shift; done
record="$(dirname "$2")/build.toml"
echo "found: $(cat "$record" 2>/dev/null)"
[ -e "{folder}/broken" ] && echo "half a reco" > "$record" && exit 1
echo "record of $(basename "$(dirname "$2")")" > "$record"
"""


@pytest.fixture
def fake_sam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = write_program(tmp_path / "sam", FAKE_SAM.replace("{folder}", str(tmp_path)))
    monkeypatch.setattr(paths, "SAM_PYTHON", program)
    monkeypatch.setattr(paths, "BUILDS", tmp_path / "builds")


def build(folder: Path, name: str) -> str:
    """What SAM prints."""
    draft = folder / "builds" / name
    draft.mkdir(parents=True)
    sam.build(draft / "sam", folder)
    return sam.log_path(folder, "build").read_text().strip()


@pytest.mark.usefixtures("fake_sam")
def test_a_build_gets_the_record_of_the_last_one(tmp_path: Path) -> None:
    assert build(tmp_path, "one") == "found:"
    assert build(tmp_path, "two") == "found: record of one"
    assert build(tmp_path, "three") == "found: record of two"


@pytest.mark.usefixtures("fake_sam")
def test_a_failed_build_leaves_no_record(tmp_path: Path) -> None:
    build(tmp_path, "one")
    (tmp_path / "broken").touch()
    with pytest.raises(StackError):
        build(tmp_path, "two")
    (tmp_path / "broken").unlink()

    assert build(tmp_path, "three") == "found: record of one"


@pytest.mark.usefixtures("fake_sam")
def test_other_tools_build_every_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tmp_path, "one")
    monkeypatch.setattr(sam.sys, "version", "another Python")

    assert build(tmp_path, "two") == "found:"
