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


@pytest.fixture(scope="module")
def answer():
    packed = invoke("GET", "/v1/docs")
    html = gzip.decompress(base64.b64decode(packed["body"])).decode()
    return Answer(packed["statusCode"], packed["headers"], html)


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


@pytest.mark.parametrize("accepted", [None, "gzip", "identity", "br", "*;q=0"])
def test_the_page_is_small_for_every_client(accepted):
    """Without gzip it would be 1.7 MB."""
    headers = {} if accepted is None else {"accept-encoding": accepted}

    packed = invoke("GET", "/v1/docs", **headers)

    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert packed["isBase64Encoded"] is True
    assert len(packed["body"]) < ANSWER_BYTES_MAX


def test_the_page_is_compressed_once(monkeypatch):
    invoke("GET", "/v1/docs")
    monkeypatch.delattr(gzip, "compress")
    monkeypatch.delattr(zlib, "compressobj")

    assert invoke("GET", "/v1/docs")["statusCode"] == 200


def test_clients_may_keep_the_page(answer):
    assert answer.headers["Cache-Control"] == "public, max-age=300"


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


def test_a_client_that_accepts_gzip_gets_the_document_as_gzip():
    plain = invoke("GET", "/v1/openapi.json")

    packed = invoke("GET", "/v1/openapi.json", **{"accept-encoding": "gzip"})

    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert packed["isBase64Encoded"] is True
    assert gzip.decompress(base64.b64decode(packed["body"])).decode() == plain["body"]
    assert len(plain["body"].encode()) < ANSWER_BYTES_MAX
