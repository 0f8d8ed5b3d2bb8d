"""The OpenAPI document of the last release, which the next one must not break.

`python -m tests.contract.release` records it. CONTRIBUTING.md says when.
"""

import json
from typing import Any

from local.paths import ROOT
from tests.contract.document_breaks import find_breaks

DOCUMENT = ROOT / "functions" / "reference" / "openapi.json"
RECORD = ROOT / "docs" / "released" / "openapi.json"
# The breaks that the next release makes on purpose, as the test prints them. The changelog names
# them too. A release empties it.
GIVEN_UP: frozenset[str] = frozenset(
    {  # only for staff who set rates for all other countries
        "GET /v1/tax-rates 200.destinations[].country: enum value added (*)",
        "PUT /v1/tax-rates 200.destinations[].country: enum value added (*)",
    }
)


def find_breaks_since_release() -> set[str]:
    return {str(found) for found in find_breaks(_load(RECORD), _load(DOCUMENT))}


def _load(path: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


if __name__ == "__main__":
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(DOCUMENT.read_text())
