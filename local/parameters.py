"""Reads the local stack's template parameters from samconfig.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from local import base_url
from local.emulator import StackError

ENVIRONMENT = "local"
SET_AT_START = base_url.base_url_parameters("").keys()  # they depend on the port
ORIGINS = "AllowedOrigins"
TABLE_NAME = f"samconfig.toml, [{ENVIRONMENT}.deploy.parameters.parameter_overrides]"


class _WithoutTags(yaml.CSafeLoader):
    """Loads a template and ignores `!Ref` and the other tags."""


_WithoutTags.add_multi_constructor("!", lambda *_: None)


def local_parameters(root: Path) -> dict[str, str]:
    """The parameters to deploy the local stack with, by name.

    Raises StackError, which says what to correct, when samconfig.toml names a parameter that
    template.yaml does not have. SAM ignores such a parameter silently.
    """
    chosen = _read_chosen(root / "samconfig.toml")
    for name in sorted(chosen.keys() - _read_known(root / "template.yaml").keys()):
        raise StackError(
            f"{TABLE_NAME}: template.yaml has no parameter {name}. Remove it or correct its name; "
            "docs/settings.md lists the parameters."
        )
    for name in sorted(chosen.keys() & SET_AT_START):
        raise StackError(f"{TABLE_NAME}: the local stack sets {name} itself. Remove it.")
    if chosen.get("Environment") != ENVIRONMENT:
        raise StackError(f'{TABLE_NAME}: Environment must be "{ENVIRONMENT}".')
    return {name: _text(name, value) for name, value in chosen.items()}


def shop_origins(root: Path, parameters: Mapping[str, str]) -> list[str]:
    """The origins whose pages may call the local stack. Raises StackError."""
    default = _read_known(root / "template.yaml")[ORIGINS]["Default"]
    origins = [origin.strip() for origin in parameters.get(ORIGINS, default).split(",")]
    if "*" in origins:
        raise StackError(
            f"{TABLE_NAME}: {ORIGINS} must not be *, or any web page could use the local stack. "
            "Name each origin, such as http://localhost:3000."
        )
    return origins


def sam_override(name: str, value: str) -> str:
    """For `sam deploy --parameter-overrides`; quoted, because SAM splits it at spaces."""
    escaped = value.replace('"', '\\"')
    return f'{name}="{escaped}"'


def _read_chosen(path: Path) -> dict[str, Any]:
    try:
        written = tomllib.loads(path.read_text())
        chosen = written[ENVIRONMENT]["deploy"]["parameters"]["parameter_overrides"]
    except OSError as error:
        raise StackError(f"samconfig.toml cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise StackError(f"samconfig.toml is not valid TOML: {error}") from error
    except (KeyError, TypeError) as error:
        raise StackError(f"{TABLE_NAME} is missing.") from error
    if not isinstance(chosen, dict):
        raise StackError(f'{TABLE_NAME} must be a table: one line each of Name = "value".')
    return chosen


@cache
def _read_known(path: Path) -> dict[str, Any]:
    template = yaml.load(path.read_text(), _WithoutTags)  # noqa: S506
    return dict(template["Parameters"])


def _text(name: str, value: Any) -> str:
    """Refuses booleans: SAM writes `true` as "True", which no parameter allows."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise StackError(f'{TABLE_NAME}: write {name} = "..." with its value in quotes.')
