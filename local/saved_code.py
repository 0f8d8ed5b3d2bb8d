"""Keeps the code of functions and layers in files of their own, beside MiniStack's saves.

MiniStack does so with the code of functions, and writes that of layers, 26 MB, into each save. It
computes the digest of each function's code each time. The digest is known: Lambda's own
`CodeSha256`. Standard library only: MiniStack's environment imports this module.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REFERENCE = "code_blob_ref"  # MiniStack's own key; its value is the digest, in hexadecimal digits
LAYER_CODE = "_zip_data"  # likewise, in the version of a layer

State = dict[str, Any]


class SavedCode:
    """`lambda_service` is MiniStack's module. `install` replaces functions of it."""

    def __init__(self, lambda_service: Any) -> None:
        self._lambda = lambda_service
        self._get_state = lambda_service.get_state
        self._restore_state = lambda_service._restore_state  # noqa: SLF001
        self._replace_code = lambda_service._externalize_code_zip  # noqa: SLF001

    def install(self) -> None:
        self._lambda.get_state = self.get_state
        self._lambda._restore_state = self.restore_state  # noqa: SLF001
        self._lambda._externalize_code_zip = self.replace_code  # noqa: SLF001

    def get_state(self) -> State:
        state: State = self._get_state()
        for version in _layer_versions(state):
            if code := version[LAYER_CODE]:
                digest = self._find_file(version["Content"]["CodeSha256"])
                version[LAYER_CODE] = {
                    REFERENCE: digest or self._lambda._write_code_blob(code)  # noqa: SLF001
                }
        return state

    def replace_code(self, function: State, referenced: set[str]) -> None:
        """Of a function or one of its versions."""
        digest = self._find_file(function.get("config", {}).get("CodeSha256", ""))
        if digest and isinstance(function.get("code_zip"), bytes):
            function["code_zip"] = {REFERENCE: digest}
        self._replace_code(function, referenced)

    def restore_state(self, state: State | None) -> None:
        for version in _layer_versions(state or {}):
            if isinstance(version[LAYER_CODE], dict):  # older saves have the code itself
                digest = version[LAYER_CODE][REFERENCE]
                version[LAYER_CODE] = self._lambda._read_code_blob(digest)  # noqa: SLF001
        self._restore_state(state)

    def _find_file(self, sha256: str) -> str | None:
        """The digest in hexadecimal digits, if the code is stored."""
        digest = base64.b64decode(sha256).hex()
        stored = Path(self._lambda.CODE_BLOB_DIR) / f"{digest}.zip"
        return digest if digest and stored.exists() else None


def _layer_versions(state: State) -> Iterator[State]:
    for layer in getattr(state.get("layers"), "_data", {}).values():
        yield from layer["versions"]
