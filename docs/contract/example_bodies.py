"""Examples of request and response bodies, which no function imports.

tests/reference/test_examples.py sends each request as it stands, in an order that works, and
compares each answer with the document. `python -m pytest tests/reference/test_examples.py` with
`SOUK_RECORD_EXAMPLES=1` writes the answers into `responses.json`.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "examples"
REQUESTS = FOLDER / "requests.json"
RESPONSES = FOLDER / "responses.json"


def add_examples(document: dict[str, Any]) -> None:
    """Give each operation of the document the examples of its bodies."""
    requests, responses = (json.loads(path.read_text()) for path in (REQUESTS, RESPONSES))
    for path in document["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            if name in requests:
                for content in operation["requestBody"]["content"].values():
                    content["example"] = requests[name]
            if name in responses:
                _add_to_success(operation, responses[name])


def _add_to_success(operation: dict[str, Any], body: Any) -> None:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response["content"]["application/json"]["example"] = body
