"""What an import stores, for benchmarks: its upload, its chunks, its parts and its messages.

Every product is new, and nothing that is written about products is kept. Parts are files, so that
the process has the memory of the functions alone.
"""

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from botocore.response import StreamingBody

from benchmarks.endpoint import Call
from shared.storage.models.catalog import Product
from shared.storage.models.uploads import Upload

UPLOADS = str(Upload.Meta.table_name)
PRODUCTS = str(Product.Meta.table_name)
Item = dict[str, Any]

_SET = re.compile(r"(#\w+) = (if_not_exists \(#\w+, #\w+\)|list_append \(#\w+, :\w+\)|:\w+)")
_ADD = re.compile(r"(#\w+) (:\w+)")


class ImportStore:
    def __init__(self, file: Path, upload: Item) -> None:
        self.calls: Counter[str] = Counter()
        self.messages: list[str] = []  # bodies
        self.cpu_seconds = 0.0  # of all answers: AWS's work, not that of the import
        self._file = file
        self._items: dict[tuple[str, str], Item] = {}
        self._put(upload)

    @property
    def upload(self) -> Item:
        return next(item for (_, part), item in self._items.items() if part == "upload")

    def answer(self, call: Call) -> dict[str, Any]:
        """What AWS would answer. Raises AssertionError for a call that no import makes."""
        began = time.process_time()
        answered = self._answer(call)
        self.cpu_seconds += time.process_time() - began
        return answered

    def _answer(self, call: Call) -> dict[str, Any]:  # noqa: PLR0911 (by operation)
        self.calls[call.operation] += 1
        if call.operation in ("GetObject", "HeadObject", "PutObject"):
            return self._answer_s3(call)
        body = json.loads(call.body)
        match call.operation:
            case "GetItem":
                is_kept = body["TableName"] == UPLOADS
                item = self._items.get(_key(body["Key"])) if is_kept else None
                return {"Item": item} if item else {}
            case "Query":
                part = next(iter(body["ExpressionAttributeValues"].values()))["S"]
                found = [item for (owner, _), item in self._items.items() if owner == part]
                return {"Items": found, "Count": len(found), "ScannedCount": len(found)}
            case "BatchGetItem":  # no row exists yet
                tables = body["RequestItems"]
                return {"Responses": {table: [] for table in tables}, "UnprocessedKeys": {}}
            case "UpdateItem":
                return {"Attributes": self._update(body)}
            case "TransactWriteItems":
                self._write(body["TransactItems"])
                return {}
            case "SendMessageBatch":
                self.messages += [entry["MessageBody"] for entry in body["Entries"]]
                return {"Successful": [], "Failed": []}
        raise AssertionError(f"no answer to {call.operation}")

    def _answer_s3(self, call: Call) -> dict[str, Any]:
        name = call.path.rpartition("/")[2]
        is_part = "/chunks/" in call.path
        file = self._file.parent / f"part-{name}" if is_part else self._file
        if call.operation == "PutObject":
            # botocore wraps the bytes to send their checksum behind them.
            raw: Any = getattr(call.body, "_raw", call.body)
            file.write_bytes(raw if isinstance(raw, bytes) else raw.read())
            return {}
        size = file.stat().st_size - call.start
        if call.operation == "HeadObject":
            return {"ContentLength": size}
        opened = file.open("rb")
        opened.seek(call.start)
        return {"Body": StreamingBody(opened, size), "ContentLength": size}

    def _write(self, actions: list[dict[str, Any]]) -> None:
        tables = [write["TableName"] for action in actions for write in action.values()]
        self.calls["write of products"] += PRODUCTS in tables
        for action in actions:
            for kind, write in action.items():
                if write["TableName"] == UPLOADS and kind == "Update":
                    self._update(write)

    def _update(self, write: dict[str, Any]) -> Item:
        item = self._items.setdefault(_key(write["Key"]), dict(write["Key"]))
        names = write.get("ExpressionAttributeNames", {})
        values = write.get("ExpressionAttributeValues", {})
        sets, _, adds = write["UpdateExpression"].partition("ADD ")
        for name, value in _SET.findall(sets):
            item[names[name]] = _evaluate(value, item, names, values)
        for name, value in _ADD.findall(adds):
            before = int(item.get(names[name], {"N": "0"})["N"])
            item[names[name]] = {"N": str(before + int(values[value]["N"]))}
        return item

    def _put(self, item: Item) -> None:
        self._items[_key(item)] = item


def _key(item: Item) -> tuple[str, str]:
    return item["upload_id"]["S"], item["part"]["S"]


def _evaluate(value: str, item: Item, names: dict[str, str], values: dict[str, Any]) -> Any:
    if value.startswith(":"):
        return values[value]
    first, second = re.findall(r"[#:]\w+", value)
    if value.startswith("list_append"):
        return {"L": [*item.get(names[first], {"L": []})["L"], *values[second]["L"]]}
    return item.get(names[first]) or item.get(names[second]) or {"N": "0"}
