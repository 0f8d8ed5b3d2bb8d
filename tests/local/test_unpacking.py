import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest

from local.unpacking import SharedZipFile


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def archive(path: Path, content: str) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("shop/handler.py", content)
    return path


def unpack(path: Path, target: Path) -> str:
    """Unpacks as MiniStack does for an instance. Returns the content of its handler."""
    target.mkdir(parents=True)
    with SharedZipFile(path) as packed:
        packed.extractall(target)
    return (target / "shop" / "handler.py").read_text()


def test_instances_share_the_same_content(scratch: Path) -> None:
    first, second = (archive(scratch / name, "one") for name in ("a.zip", "b.zip"))

    contents = [unpack(first, scratch / "1" / "code"), unpack(second, scratch / "2" / "code")]

    assert contents == ["one", "one"]
    assert (scratch / "1" / "code").resolve() == (scratch / "2" / "code").resolve()


def test_different_code_is_unpacked_separately(scratch: Path) -> None:
    first, second = archive(scratch / "a.zip", "one"), archive(scratch / "b.zip", "two")

    contents = [unpack(first, scratch / "1" / "code"), unpack(second, scratch / "2" / "code")]

    assert contents == ["one", "two"]


def test_an_ending_instance_keeps_the_code_of_others(scratch: Path) -> None:
    packed = archive(scratch / "a.zip", "one")
    for instance in "12":
        unpack(packed, scratch / instance / "code")

    shutil.rmtree(scratch / "1")

    assert (scratch / "2" / "code" / "shop" / "handler.py").read_text() == "one"
    assert unpack(packed, scratch / "3" / "code") == "one"


def test_two_concurrent_instances_both_unpack(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive(scratch / "a.zip", "one")
    rename = Path.rename

    def rename_second(draft: Path, unpacked: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        assert unpack(packed, scratch / "2" / "code") == "one"
        return draft.rename(unpacked)

    monkeypatch.setattr(Path, "rename", rename_second)

    assert unpack(packed, scratch / "1" / "code") == "one"
    assert len(list((scratch / "unpacked").iterdir())) == 1
