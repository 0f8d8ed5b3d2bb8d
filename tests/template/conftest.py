"""The layer as `sam build` makes it for this machine.

Each run builds it once, in a subprocess, where `uv` may fetch packages. The tests stay offline.
"""

import shutil
from pathlib import Path

import pytest

from tests.support import built_layer


@pytest.fixture(scope="session")
def layer(tmp_path_factory) -> Path:
    scratch = tmp_path_factory.mktemp("layer")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(built_layer.SHARED, scratch / "shared", ignore=ignored)
    return built_layer.build(scratch / "shared", scratch / "built")
