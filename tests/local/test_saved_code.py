"""The code of functions and layers is stored once, and comes back with a save."""

import base64
import copy
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.saved_code import LAYER_CODE, REFERENCE, SavedCode

FUNCTION_CODE, LAYER, NEWER_LAYER = b"PK function", b"PK layer", b"PK newer layer"


def digest_of(code: bytes) -> str:
    return hashlib.sha256(code).hexdigest()


def sha256(code: bytes) -> str:
    """As Lambda's `CodeSha256`."""
    return base64.b64encode(hashlib.sha256(code).digest()).decode()


def function(code: bytes) -> dict[str, Any]:
    return {"config": {"CodeSha256": sha256(code)}, "code_zip": code}


def layer_version(code: bytes | None) -> dict[str, Any]:
    return {"Content": {"CodeSha256": sha256(code) if code else ""}, LAYER_CODE: code}


class Lambda:
    """What MiniStack's module has of this, with the same names."""

    def __init__(self, folder: Path) -> None:
        self.CODE_BLOB_DIR = str(folder)
        self.functions = {"orders": function(FUNCTION_CODE)}
        self.layers = SimpleNamespace(_data={"shared": {"versions": [layer_version(LAYER)]}})
        self.written: list[bytes] = []

    def _write_code_blob(self, code: bytes) -> str:
        self.written.append(code)
        (Path(self.CODE_BLOB_DIR) / f"{digest_of(code)}.zip").write_bytes(code)
        return digest_of(code)

    def _read_code_blob(self, digest: str) -> bytes:
        return (Path(self.CODE_BLOB_DIR) / f"{digest}.zip").read_bytes()

    def _externalize_code_zip(self, function: dict[str, Any], referenced: set[str]) -> None:
        if isinstance(function["code_zip"], bytes):
            function["code_zip"] = {REFERENCE: self._write_code_blob(function["code_zip"])}
        referenced.add(function["code_zip"][REFERENCE])

    def get_state(self) -> dict[str, Any]:
        functions, layers = copy.deepcopy((self.functions, self.layers))
        for each in functions.values():
            self._externalize_code_zip(each, set())
        return {"functions": functions, "layers": layers}

    def _restore_state(self, state: dict[str, Any]) -> None:
        self.layers = state["layers"]


@pytest.fixture
def service(tmp_path: Path) -> Lambda:
    made = Lambda(tmp_path)
    SavedCode(made).install()
    return made


def versions(layers: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = vars(layers)["_data"]["shared"]["versions"]
    return found


def layer_codes(layers: Any) -> list[Any]:
    return [version[LAYER_CODE] for version in versions(layers)]


def restore(service: Lambda, state: dict[str, Any]) -> None:
    """As MiniStack does at a start."""
    service._restore_state(state)  # noqa: SLF001 (MiniStack's name)


def test_a_save_has_digests_in_place_of_code(service: Lambda):
    state = service.get_state()

    assert state["functions"]["orders"]["code_zip"] == {REFERENCE: digest_of(FUNCTION_CODE)}
    assert layer_codes(state["layers"]) == [{REFERENCE: digest_of(LAYER)}]
    assert layer_codes(service.layers) == [LAYER]


def test_code_is_written_once(service: Lambda):
    first = service.get_state()

    assert service.get_state() == first
    assert service.written == [FUNCTION_CODE, LAYER]


def test_new_code_is_written_at_the_next_save(service: Lambda):
    service.get_state()
    versions(service.layers).append(layer_version(NEWER_LAYER))

    service.get_state()

    assert service.written == [FUNCTION_CODE, LAYER, NEWER_LAYER]


def test_a_start_gets_the_code_back(service: Lambda):
    state = service.get_state()

    restore(service, state)

    assert layer_codes(service.layers) == [LAYER]


def test_a_save_of_an_earlier_release_is_restored(service: Lambda):
    restore(service, {"layers": copy.deepcopy(service.layers)})

    assert layer_codes(service.layers) == [LAYER]


def test_a_deleted_layer_version_has_no_code(service: Lambda):
    versions(service.layers)[:] = [layer_version(None)]

    restore(service, service.get_state())

    assert layer_codes(service.layers) == [None]


def test_a_state_without_layers_is_restored(service: Lambda, monkeypatch):
    restored: list[Any] = []
    monkeypatch.setattr(service, "_restore_state", restored.append)
    code = SavedCode(service)

    for state in ({}, None, {"layers": {}}):
        code.restore_state(state)

    assert restored == [{}, None, {"layers": {}}]
