"""Whole slice of the sample API: ETags, conditional reads and conditional edits."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi import compat

from shared.http.api import SECURITY_HEADERS, create_api
from shared.http.authorization import anyone
from shared.http.etags import ExpectedVersion, make_etag
from shared.http.parameters import IfMatch, IfNoneMatch, OptionalIfMatch
from shared.http.responses import Rendered, created_response, ok_response, public_response
from shared.storage import cache
from tests.support.http import ADA, NOBODY, send
from tests.support.sample_api import FOR_EDITORS, Echo, get_from, post

ECHO = Echo(text="Grüße")


def view(if_none_match: IfNoneMatch = None) -> Response[Echo]:
    return ok_response(ECHO, version=7, if_none_match=if_none_match)


def ask(of: Callable[..., Any] = view, if_none_match: str | None = None):
    return get_from(of, headers={"if-none-match": if_none_match})


def test_an_etag_has_the_version_and_a_digest_of_the_bytes():
    answer = ask()

    assert (answer.status, answer.body) == (200, {"text": "Grüße"})
    assert answer.headers["ETag"] == make_etag(ECHO.model_dump_json(), 7)
    assert answer.headers["ETag"].startswith('"7-')
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_an_etag_without_a_version_is_a_digest():
    answer = ask(lambda: ok_response(ECHO))

    assert answer.headers["ETag"] == make_etag(ECHO.model_dump_json())


def test_a_created_resource_has_the_etag_of_a_later_read():
    made = ask(lambda: created_response(ECHO, version=7, location="/v1/echoes/1"))

    assert made.status == 201
    assert made.headers["ETag"] == ask().headers["ETag"]


def test_an_unchanged_resource_is_304_without_a_body():
    etag = ask().headers["ETag"]

    answer = ask(if_none_match=etag)

    assert (answer.status, answer.body) == (304, "")
    assert answer.headers["ETag"] == etag
    assert "Content-Type" not in answer.headers
    assert answer.headers.items() >= SECURITY_HEADERS.items()
    assert answer.headers["X-Request-Id"] == "JKJaXmPLvHcESHA="


@pytest.mark.parametrize("if_none_match", ['"7"', '"6-0f3a"', '"", W/"x"', None])
def test_a_changed_resource_is_200_with_its_body(if_none_match):
    answer = ask(if_none_match=if_none_match)

    assert (answer.status, answer.body) == (200, {"text": "Grüße"})


@pytest.mark.parametrize("if_none_match", ["7", '"7', "", "*, *", '"7"; "8"', "{tag}x", "W{tag}"])
def test_a_malformed_if_none_match_is_ignored(if_none_match):
    tag = ask().headers["ETag"]

    answer = ask(if_none_match=if_none_match.replace("{tag}", tag))

    assert (answer.status, answer.body) == (200, {"text": "Grüße"})


def test_a_long_list_of_etags_is_compared():
    tag = ask().headers["ETag"]

    assert ask(if_none_match=", ".join(['"7"'] * 300 + [tag])).status == 304


def test_an_endless_header_is_ignored_unparsed():
    tag = ask().headers["ETag"]

    assert ask(if_none_match=", ".join(['"7"'] * 500 + [tag])).status == 200


def cached_for_a_minute():
    look_up = cache.cached(seconds=60)(lambda: Rendered.from_view(ECHO, version=7))

    def view(if_none_match: IfNoneMatch = None) -> Response[Echo]:
        return public_response(look_up.entry(), if_none_match=if_none_match)

    return view


@pytest.mark.parametrize(("later", "max_age"), [(0, 60), (0.1, 59), (30, 30), (59.5, 0), (60, 60)])
def test_caches_may_store_a_response_while_it_is_fresh(cache_clock, later, max_age):
    view = cached_for_a_minute()
    ask(view)

    cache_clock.seconds += later

    assert ask(view).headers["Cache-Control"] == f"public, max-age={max_age}"


def test_a_304_says_how_long_caches_may_store_the_response(cache_clock):
    view = cached_for_a_minute()
    etag = ask(view).headers["ETag"]
    cache_clock.seconds += 20

    answer = ask(view, etag)

    assert answer.status == 304
    assert answer.headers["Cache-Control"] == "public, max-age=40"


def test_caches_may_not_store_a_private_response():
    assert ask().headers["Cache-Control"] == "no-store"
    assert ask(if_none_match="*").headers["Cache-Control"] == "no-store"


def edit(if_match: IfMatch) -> Response[Echo]:
    ExpectedVersion.parse(if_match).check(7)
    return ok_response(ECHO, version=8)


def test_an_edit_without_if_match_is_refused():
    answer = get_from(edit)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert "ETag" in answer.error["message"]


def test_an_edit_of_the_current_version_returns_the_next_etag():
    answer = get_from(edit, headers={"if-match": ask().headers["ETag"]})

    assert answer.status == 200
    assert answer.headers["ETag"] == make_etag(ECHO.model_dump_json(), 8)


def test_a_stale_edit_gets_the_current_version():
    answer = get_from(edit, headers={"if-match": '"6"'})

    assert (answer.status, answer.code) == (412, "stale_version")
    assert answer.error["details"] == {"current_version": 7}


@pytest.mark.parametrize("if_match", ["7", "", '"7', '"7" "6"'])
def test_a_malformed_if_match_is_refused(if_match):
    answer = get_from(edit, headers={"if-match": if_match})

    assert (answer.status, answer.code) == (400, "invalid_precondition")


def test_an_optional_if_match_can_be_missing():
    def adjust(if_match: OptionalIfMatch = None) -> Echo:
        return Echo(text=str(if_match))

    assert get_from(adjust).body == {"text": "None"}
    assert get_from(adjust, headers={"if-match": '"7"'}).body == {"text": '"7"'}


def test_the_permission_is_checked_before_if_match():
    answer = post({"text": "a"}, name=FOR_EDITORS, caller=NOBODY, headers={"if-match": None})

    assert (answer.status, answer.code) == (401, "token_missing")


def test_if_match_is_required_before_fields_are_checked():
    headers = {"if-match": None}

    answer = post({"txet": "a"}, name=FOR_EDITORS, headers=headers, caller=ADA)

    assert (answer.status, answer.code) == (428, "if_match_required")


def test_the_etag_is_a_digest_of_the_sent_bytes():
    """So clients can compare their copy with the digest."""
    body = json.dumps({"text": "Grüße"}, ensure_ascii=False, separators=(",", ":"))

    assert ask().headers["ETag"] == make_etag(body, 7)


def test_a_parameter_s_type_is_examined_once(monkeypatch):
    """Not at each request, which took a fifth of the HTTP part of a list."""
    examined: list[Any] = []
    is_complex = compat.field_annotation_is_complex

    def note(annotation: Any) -> bool:
        examined.append(annotation)
        return is_complex(annotation)

    other = create_api()
    other.get("/v1/health")(anyone(view))
    send(other.resolve, "reference.health", caller=None)
    monkeypatch.setattr(compat, "field_annotation_is_complex", note)

    answer = send(other.resolve, "reference.health", caller=None)

    assert (answer.status, examined) == (200, [])
