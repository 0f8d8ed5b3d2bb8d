"""The environment of the functions, and the folders of the project."""

import os
from pathlib import Path

from shared.config import required_settings

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
        name: "false" if kind is bool else f"souk-{name.lower().replace('_', '-')}"
        for name, kind in required_settings().items()
    }
    return AWS | settings | {"ENVIRONMENT": "production"}
