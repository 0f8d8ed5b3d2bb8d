"""Whole slice of the sample API: bodies that are malformed or invalid."""

import base64
import json

import pytest

from shared.http.request_bodies import BODY_BYTES_MAX
from tests.support.http import ADA, STAFF
from tests.support.sample_api import FOR_EDITORS, FOR_STAFF, FOR_USERS, post


def in_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def note_of(size: int, character: str = "x") -> str:
    frame = len('{"text": ""}')
    return f'{{"text": "{character * ((size - frame) // len(character.encode()))}"}}'


def test_a_body_is_read():
    assert post({"text": "Grüße 🛒"}).body == {"text": "Grüße 🛒"}


def test_a_body_that_the_gateway_encoded_is_read():
    raw = json.dumps({"text": "Grüße 🛒"}, ensure_ascii=False).encode()

    assert post(raw_body=in_base64(raw), base64=True).body == {"text": "Grüße 🛒"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"text": "Grüße"}'.encode("latin-1"), "not_utf8"),
        ('{"text": "a"}'.encode("utf-16"), "not_utf8"),
        (b'{"text": "\xed\xa0\x80"}', "not_utf8"),
        (b'{"text": "\xc0\xaf"}', "not_utf8"),
        (b"\xff", "not_utf8"),
        (b"", "malformed_json"),
    ],
)
def test_an_encoded_body_must_be_utf8(raw, code):
    answer = post(raw_body=in_base64(raw), base64=True)

    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("raw", ["A", "e30", "{}", "!!!!", "e30=\x00e30", "é"])
def test_an_encoded_body_must_be_base64(raw):
    assert post(raw_body=raw, base64=True).status == 400


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "{",
        '{"text": "a"',
        '{"text": "a"} x',
        "{'text': 'a'}",
        '{"text": NaN}',
        '{"text": 1e999}',
        '{"text": Infinity}',
        '{"text": -Infinity}',
        '{"text": 0x10}',
        '{"text": 1' + "0" * 5000 + "}",
        '{"text": "a\nb"}',
        '{"text": "a",}',
        "\ufeff{}",
        '{"text": "a", "text": "b"}',
        '{"text": "a", "parcels": [{"weight": 1, "weight": 1}]}',
        '{"text": 1.' + "0" * 5000 + "}",
        "[" * 100_000,
        "[]",
        '[{"text": "a"}]',
        '"text"',
        "1",
        "null",
        "true",
        "text=a",
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_a_body_must_be_a_json_object(raw):
    answer = post(raw_body=raw)

    assert (answer.status, answer.code) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ('{"text": 1' + "0" * 4000 + "}", "body.text"),
        ('{"text": "\\ud800"}', "body.text"),
        ('{"text": null}', "body.text"),
        ('{"text": ' + '{"a":' * 900 + "1" + "}" * 901, "body.text"),
        ('{"text": "a", "parcels": [{"weight": 1}, {"weight": 0}]}', "body.parcels.1.weight"),
        ('{"text": "a", "parcels": [{"weight": 1' + "0" * 4000 + "}]}", "body.parcels.0.weight"),
        ('{"text": "a", "parcels": {}}', "body.parcels"),
        ('{"text": "a", "colour": "red"}', "body.colour"),
        ('{"text": "a", "__class__": {}}', "body.__class__"),
        ("{}", "body.text"),
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_an_invalid_field_is_named_by_its_path(raw, path):
    answer = post(raw_body=raw)

    assert (answer.status, answer.code, answer.paths) == (422, "invalid_fields", [path])
    assert path in answer.error["message"]


@pytest.mark.parametrize("raw", ["\ud800", '{"text": "\ud800"}'])
def test_half_a_character_is_not_utf8(raw):
    answer = post(raw_body=raw)

    assert (answer.status, answer.code) == (400, "not_utf8")


def test_a_field_named_half_a_character_is_refused():
    answer = post(raw_body='{"text": "a", "\\ud800": 1}')

    assert answer.status in {400, 422}


def test_all_invalid_fields_are_named_at_once():
    answer = post({"parcels": [{"weight": "1"}, {}], "colour": "red"})

    assert sorted(answer.paths) == [
        "body.colour",
        "body.parcels.0.weight",
        "body.parcels.1.weight",
        "body.text",
    ]
    assert {"path", "code", "message"} == set(answer.error["details"]["fields"][0])
    assert "and 3 more" in answer.error["message"]


def test_the_response_does_not_repeat_the_invalid_value():
    answer = post({"text": {"password": "canary"}, "parcels": "canary"})

    assert "canary" not in json.dumps(answer.body)


@pytest.mark.parametrize("character", ["x", "é", "🛒"])
@pytest.mark.parametrize("base64", [False, True])
@pytest.mark.parametrize(("over", "status"), [(0, 200), (4, 413)])
def test_a_body_may_have_one_megabyte_and_no_more(character, base64, over, status):
    text = note_of(BODY_BYTES_MAX + over, character)

    answer = post(raw_body=in_base64(text.encode()) if base64 else text, base64=base64)

    assert answer.status == status


def test_the_refusal_of_a_large_body_states_the_limit():
    answer = post(raw_body=note_of(BODY_BYTES_MAX + 1))

    assert (answer.code, answer.error["details"]) == ("too_large", {"bytes_max": 1_000_000})


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; charset=utf8",
        "application/json; profile=x",
        "Application/JSON",
        " application/json ",
    ],
)
def test_json_is_accepted_in_any_spelling_of_its_type(content_type):
    answer = post({"text": "a"}, headers={"content-type": content_type})

    assert answer.status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "json",
        "",
        None,
        "*/*",
        "application/json, text/plain",
        "text/plain, application/json",
        "text/plain; application/json",
        "application/json, application/json",
        "application/json; charset=utf-8, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=latin-1",
    ],
)
def test_a_body_of_another_type_is_not_read(content_type):
    answer = post({"text": "a"}, headers={"content-type": content_type})

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


MERGE_PATCH = "application/merge-patch+json"


@pytest.mark.parametrize(
    "content_type",
    [
        MERGE_PATCH,
        f"{MERGE_PATCH}; charset=utf-8",
        "Application/Merge-Patch+JSON",
        "application/json",
    ],
)
def test_a_patch_may_have_the_type_of_a_merge_patch(content_type):
    answer = post(
        {"text": "a"}, name=FOR_EDITORS, caller=ADA, headers={"content-type": content_type}
    )

    assert (answer.status, answer.body) == (200, {"text": 'a upon "1"'})


@pytest.mark.parametrize(
    "content_type", ["application/json-patch+json", "application/merge-patch", "text/plain", None]
)
def test_a_patch_of_another_type_is_not_read(content_type):
    answer = post(
        {"text": "a"}, name=FOR_EDITORS, caller=ADA, headers={"content-type": content_type}
    )

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize(("name", "caller"), [(FOR_USERS, ADA), (FOR_STAFF, STAFF)])
def test_only_a_patch_may_have_the_type_of_a_merge_patch(name, caller):
    answer = post({"text": "a"}, name=name, caller=caller, headers={"content-type": MERGE_PATCH})

    assert (answer.status, answer.code) == (415, "unsupported_media_type")
