"""The layer with Pillow, as `sam build` makes it on this machine."""

import os
import re
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "functions" / "pictures"
SIZE_MAX = 25_000_000  # bytes, unzipped
LAMBDA_BYTES_MAX = 262_144_000  # of a function with its layers, unzipped

# Every format is read and written by the part of the library that the layer has.
DERIVE = """
import io
from PIL import Image, __file__ as pillow
from pictures.derivatives import derive

print(pillow)
for kind in ("JPEG", "PNG", "GIF", "WEBP", "AVIF"):
    buffer = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(buffer, kind)
    print(kind, len(derive(buffer.getvalue()).files))
"""


@pytest.fixture(scope="module")
def layer(tmp_path_factory) -> Path:
    scratch = tmp_path_factory.mktemp("pictures-layer")
    shutil.copytree(LAYER, scratch / "layer")
    subprocess.run(
        ["make", "build-PicturesLayer"],  # noqa: S607
        cwd=scratch / "layer",
        env=os.environ
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ARTIFACTS_DIR": str(scratch / "built"),
            "SOUK_LAYER": "host",
            "SOUK_LAYER_PYTHON": sys.executable,
        },
        check=True,
    )
    return scratch / "built" / "python"


def build_settings(makefile: Path) -> str:
    """The lines that all Makefiles have: for which platform and by which Python to build."""
    found = re.search(r"^SOUK_LAYER \?= .*?^endif$", makefile.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    return found[0]


def test_the_layer_is_small(layer):
    size = sum(file.lstat().st_size for file in layer.rglob("*"))

    assert size < SIZE_MAX < LAMBDA_BYTES_MAX / 4


def test_the_layer_has_pillow_as_bytecode_and_nothing_else(layer):
    packages = {entry.name for entry in layer.iterdir() if not entry.name.endswith(".dist-info")}

    assert packages == {"PIL", "pillow.libs"}
    assert not list(layer.rglob("*.py"))
    assert list(layer.glob("PIL/*.pyc"))


def test_the_layer_is_built_with_the_settings_of_the_shared_one():
    assert build_settings(LAYER / "Makefile") == build_settings(ROOT / "shared" / "Makefile")


def test_pillow_has_the_version_that_the_project_names():
    (named,) = re.findall(r'"pillow==([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    pinned = re.findall(r"^pillow==(\S+)", (LAYER / "requirements.txt").read_text(), re.MULTILINE)

    assert pinned == [named]
    assert int(named.partition(".")[0]) >= 13


def test_every_format_works_on_the_layer(layer):
    path = [layer, ROOT / "functions", ROOT, *site.getsitepackages()]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-B", "-c", DERIVE],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        check=True,
        capture_output=True,
        text=True,
    )

    file, *formats = done.stdout.splitlines()
    assert Path(file).is_relative_to(layer)
    assert formats == ["JPEG 6", "PNG 6", "GIF 6", "WEBP 3", "AVIF 6"]
