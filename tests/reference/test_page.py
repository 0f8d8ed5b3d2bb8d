"""The documentation page: it needs no other server and runs only our scripts."""

import base64
import gzip
import hashlib
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import openapi

from reference.handler import StaticText
from shared.http.schemas import ANSWER_BYTES_MAX
from tests.reference.calls import invoke
from tests.support.http import Answer

SWAGGER = Path(openapi.__file__).parent / "swagger_ui"


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, _tag) -> None:
        self._inside = None

    def handle_data(self, data) -> None:
        if self._inside:
            self.texts[self._inside][-1] += data

    def all_of(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.elements if name == tag]


DOCUMENTS = ["/v1/openapi.json", "/v1/asyncapi.json"]
PATHS = ["/v1/docs", *DOCUMENTS]


@pytest.fixture(scope="module")
def answer():
    packed = invoke("GET", "/v1/docs", **{"accept-encoding": "gzip"})
    return Answer(packed["statusCode"], packed["headers"], text_of(packed))


def text_of(response: dict[str, Any]) -> str:
    if response["headers"].get("Content-Encoding") != "gzip":
        return str(response["body"])
    return gzip.decompress(base64.b64decode(response["body"])).decode()


@pytest.fixture(scope="module")
def page(answer):
    return Page(answer.body)


def policy_of(answer) -> dict[str, str]:
    directives = answer.headers["Content-Security-Policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


def test_the_page_is_html(answer):
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.body.startswith("<!doctype html>")


def test_the_page_shows_the_document_of_this_api(page):
    assert 'url: "/v1/openapi.json"' in page.texts["script"][-1]


def test_only_the_page_s_own_scripts_run(answer, page):
    assert len(page.all_of("script")) == 2
    assert policy_of(answer)["script-src"].split() == [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in page.texts["script"]
    ]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "accepted",
    ["gzip", "GZIP", "br, gzip", "gzip;q=0.1", "x-gzip", "*", "identity, *;q=0.5", "*;q=0, gzip"],
)
def test_a_client_that_accepts_gzip_gets_gzip(path, accepted):
    packed = invoke("GET", path, **{"accept-encoding": accepted})

    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert packed["isBase64Encoded"] is True
    assert len(packed["body"]) < ANSWER_BYTES_MAX
    assert text_of(packed) == text_of(invoke("GET", path))


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize(
    "accepted", [None, "", "identity", "br", "*;q=0", "gzip;q=0", "gzip; q=0.0, *", "gzip;q=x"]
)
def test_any_other_client_gets_plain_text(path, accepted):
    headers = {} if accepted is None else {"accept-encoding": accepted}

    plain = invoke("GET", path, **headers)

    assert "Content-Encoding" not in plain["headers"]
    assert text_of(plain).startswith(("<!doctype html>", "{"))
    assert len(plain["body"]) < ANSWER_BYTES_MAX


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0"])
def test_the_page_is_gzip_for_every_client(accepted):
    packed = invoke("GET", "/v1/docs", **{"accept-encoding": accepted})

    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert len(packed["body"]) < ANSWER_BYTES_MAX


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_an_unchanged_text_is_304_without_a_body(path, accepted):
    first = invoke("GET", path, **{"accept-encoding": accepted})
    etag = first["headers"]["ETag"]

    again = invoke("GET", path, **{"accept-encoding": accepted, "if-none-match": f'"x", {etag}'})

    assert (again["statusCode"], again["body"]) == (304, "")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again["headers"][name] == first["headers"][name]
    assert "Content-Encoding" not in again["headers"]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_each_encoding_has_its_own_strong_etag(path):
    etags = {
        invoke("GET", path, **{"accept-encoding": accepted})["headers"]["ETag"]
        for accepted in ("gzip", "identity")
    }

    assert len(etags) == 2
    assert all(etag.startswith('"') for etag in etags)


@pytest.mark.parametrize("if_none_match", ['"other"', "malformed", ""])
def test_a_changed_text_is_sent(if_none_match):
    answer = invoke("GET", "/v1/openapi.json", **{"if-none-match": if_none_match})

    assert answer["statusCode"] == 200
    assert text_of(answer).startswith("{")


def test_the_etag_follows_the_content():
    one, same, other = (StaticText.from_text("text/plain", text) for text in ("a", "a", "b"))

    assert one.etag == same.etag != other.etag


def test_the_page_is_compressed_once(monkeypatch):
    headers = {"accept-encoding": "gzip"}
    for path in PATHS:
        invoke("GET", path, **headers)
    monkeypatch.delattr(gzip, "compress")
    monkeypatch.delattr(zlib, "compressobj")

    for path in PATHS:
        assert invoke("GET", path, **headers)["statusCode"] == 200


@pytest.mark.parametrize("path", PATHS)
def test_caches_may_keep_the_texts(path):
    headers = invoke("GET", path)["headers"]

    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["Vary"] == "Accept-Encoding, Origin"


def test_the_policy_forbids_everything_else(answer):
    policy = policy_of(answer)

    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert policy["connect-src"] == "'self'"
    assert not any("http" in sources or "*" in sources for sources in policy.values())


def test_the_page_loads_nothing_from_other_servers(page):
    for tag, attributes in page.elements:
        assert not attributes.keys() & {"src", "href", "data", "action", "srcset"}, tag
    for style in page.texts["style"]:
        assert "@import" not in style
        assert all(url.startswith("data:") for url in re.findall(r"url\(['\"]?([^'\")]+)", style))


def test_swagger_s_script_and_style_are_unchanged(page):
    assert page.texts["script"][0] == (SWAGGER / "swagger-ui-bundle.min.js").read_text()
    assert page.texts["style"][0] == (SWAGGER / "swagger-ui.min.css").read_text()
