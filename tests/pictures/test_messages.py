"""What the queue of pictures carries, and how imports send it."""

import json
from typing import Any

import pytest

from shared.aws import client
from shared.errors.base import Unavailable
from shared.pictures.messages import (
    ImportedPictures,
    PictureToFetch,
    ReceivedPicture,
    parse_body,
    send_imported,
    to_body,
)
from shared.pictures.references import Reference, source_of
from tests.support.pictures import sent_messages

IMPORTED = ImportedPictures(
    "prd_1", "upl_1", (Reference("https://a.example/ü.jpg", "Tür", 2), Reference("b.jpg"))
)


@pytest.mark.parametrize("message", [IMPORTED, PictureToFetch("prd_1", "pic_1", "https://a")])
def test_a_message_is_read_as_it_was_sent(message):
    assert parse_body(to_body(message)) == [message]


def test_a_message_of_s3_names_the_picture_by_its_key():
    body = {"Records": [{"s3": {"object": {"key": "incoming/prd_1/pic_1"}}}]}

    assert parse_body(json.dumps(body)) == [ReceivedPicture("prd_1", "pic_1")]


@pytest.mark.parametrize("key", ["pictures/prd_1/pic_1", "incoming/pic_1", "incoming/a/b/c", ""])
def test_another_key_is_refused(key):
    with pytest.raises(ValueError, match=r"unpack|key"):
        parse_body(json.dumps({"Records": [{"s3": {"object": {"key": key}}}]}))


def test_the_same_reference_has_the_same_source():
    assert source_of("a.jpg") == source_of("a.jpg") != source_of("A.jpg")


@pytest.fixture
def calls(queue: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:  # noqa: ARG001
    """How many messages each call had."""
    counted: list[int] = []
    send = client("sqs").send_message_batch

    def count(**request: Any) -> Any:
        counted.append(len(request["Entries"]))
        return send(**request)

    monkeypatch.setattr(client("sqs"), "send_message_batch", count)
    return counted


def test_an_import_sends_ten_products_in_a_call(calls):
    send_imported(ImportedPictures(f"prd_{number}", "upl_1", ()) for number in range(23))

    assert calls == [10, 10, 3]
    assert len(sent_messages()) == 10


def test_large_messages_are_sent_in_more_calls(calls):
    large = tuple(Reference(f"https://a.example/{'x' * 1_900}{number}") for number in range(100))

    send_imported([ImportedPictures("prd_1", "upl_1", large)] * 3)

    assert calls == [1, 1, 1]


def test_what_sqs_does_not_take_is_said(monkeypatch):
    monkeypatch.setattr(client("sqs"), "send_message_batch", lambda **_: {"Failed": [{"Id": "0"}]})

    with pytest.raises(Unavailable):
        send_imported([IMPORTED])
