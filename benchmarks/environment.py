"""The environment of the functions, and the folders of the project."""

import os
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

from shared import config

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = ROOT / "functions"
STATE = ROOT / "local" / ".state" / "bench"
REFERENCE_PYTHON = ROOT / "local" / ".state" / "venvs" / "bench" / "bin" / "python"

AWS = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "POWERTOOLS_SERVICE_NAME": "souk",
    "POWERTOOLS_METRICS_NAMESPACE": "Souk",
}


def environment() -> dict[str, str]:
    """A value for each setting without a default: its own name; `false` for switches."""
    settings = {
        field.name.upper(): "false"
        if field.type is bool
        else f"souk-{field.name.replace('_', '-')}"
        for section in vars(config).values()
        if is_dataclass(section)
        for field in fields(section)
        if field.default is MISSING
    }
    return AWS | settings | {"ENVIRONMENT": "production"}
