"""Writes functions/reference/openapi.json from the routes of every function.

`python docs/openapi.py` writes the file; `--check` only reports whether it is up to date.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "functions")]
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1"} | _required_settings()
    contract = import_module("docs.contract.document")
    text = json.dumps(contract.document(), separators=(",", ":")) + "\n"
    if "--check" not in sys.argv:
        contract.DOCUMENT.write_text(text)
        return 0
    if contract.DOCUMENT.read_text() == text:
        return 0
    print("functions/reference/openapi.json is out of date. Run `make openapi`.", file=sys.stderr)
    return 1


def _required_settings() -> dict[str, str]:
    """Placeholders for the variables without which no handler can be imported."""
    required = import_module("shared.config").required_settings()
    return {name: "false" if kind is bool else "-" for name, kind in required.items()}


if __name__ == "__main__":
    sys.exit(main())
