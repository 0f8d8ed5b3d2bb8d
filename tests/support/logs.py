"""What the functions log, as the lines that CloudWatch would get."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.observability import logger


class Lines(io.StringIO):
    @property
    def text(self) -> str:
        return self.getvalue()

    def saying(self, message: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["message"] == message]


@contextmanager
def captured() -> Iterator[Lines]:
    lines = Lines()
    handler = logger.registered_handler
    before = handler.setStream(lines)
    try:
        yield lines
    finally:
        handler.setStream(before)
