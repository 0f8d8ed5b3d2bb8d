"""The template parameters that samconfig.toml chooses for the local stack."""

import tomllib
from pathlib import Path
from typing import Any

import yaml

from local import addresses
from local.errors import StackError

ENVIRONMENT = "local"
SET_AT_START = addresses.parameters("").keys()  # they depend on the port
PLACE = f"samconfig.toml, [{ENVIRONMENT}.deploy.parameters.parameter_overrides]"


class _WithoutTags(yaml.SafeLoader):
    """Reads a template whose `!Ref` and the like are of no interest."""


_WithoutTags.add_multi_constructor("!", lambda *_: None)


def local_parameters(root: Path) -> dict[str, str]:
    """The parameters to deploy the local stack with, by name.

    Raises StackError, which says what to correct, when samconfig.toml names a parameter that
    template.yaml does not have: SAM would pass over it without a word.
    """
    chosen = _chosen(root / "samconfig.toml")
    for name in sorted(chosen.keys() - _known(root / "template.yaml")):
        raise StackError(
            f"{PLACE}: template.yaml has no parameter {name}. Remove it or correct its name; "
            "docs/settings.md lists the parameters."
        )
    for name in sorted(chosen.keys() & SET_AT_START):
        raise StackError(f"{PLACE}: the local stack sets {name} itself. Remove it.")
    if chosen.get("Environment") != ENVIRONMENT:
        raise StackError(f'{PLACE}: Environment must be "{ENVIRONMENT}".')
    return {name: _text(name, value) for name, value in chosen.items()}


def sam_override(name: str, value: str) -> str:
    """As `sam deploy --parameter-overrides` takes it; quoted, because it splits at spaces."""
    escaped = value.replace('"', '\\"')
    return f'{name}="{escaped}"'


def _chosen(path: Path) -> dict[str, Any]:
    try:
        written = tomllib.loads(path.read_text())
        chosen = written[ENVIRONMENT]["deploy"]["parameters"]["parameter_overrides"]
    except OSError as error:
        raise StackError(f"samconfig.toml cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise StackError(f"samconfig.toml is not valid TOML: {error}") from error
    except (KeyError, TypeError) as error:
        raise StackError(f"{PLACE} is missing.") from error
    if not isinstance(chosen, dict):
        raise StackError(f'{PLACE} must be a table: one line each of Name = "value".')
    return chosen


def _known(path: Path) -> set[str]:
    template = yaml.load(path.read_text(), _WithoutTags)  # noqa: S506
    return set(template["Parameters"])


def _text(name: str, value: Any) -> str:
    """SAM writes `true` as "True", which no parameter allows: a switch is the string "true"."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise StackError(f'{PLACE}: write {name} = "..." with its value in quotes.')
