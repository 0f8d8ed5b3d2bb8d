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
# The percentage of a promotion can have decimals. A whole one is shown as an integer, as before.
# Only staff who set taxes for all other countries (`*`) get them.
GIVEN_UP: frozenset[str] = frozenset(
    f"{operation}percent: type widened (number is not integer)"
    for operation in (
        "GET /v1/promotions 200.items[].",
        "GET /v1/promotions/{code} 200.",
        "PATCH /v1/promotions/{code} 200.",
        "POST /v1/promotions 201.",
    )
) | {
    "GET /v1/tax-rates 200.destinations[].country: enum value added (*)",
    "PUT /v1/tax-rates 200.destinations[].country: enum value added (*)",
}


def find_breaks_since_release() -> set[str]:
    return {str(found) for found in find_breaks(_load(RECORD), _load(DOCUMENT))}


def _load(path: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


if __name__ == "__main__":
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(DOCUMENT.read_text())
