"""The pages behind the links in mails."""

import asyncio
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from local.pages import ASSETS
from tests.local.gateway_client import BASE, create_app

FRAME = "/assets/frame.js"
PAGES = {"/verify-email": "/v1/auth/verify-email", "/reset-password": "/v1/auth/password/reset"}


def ask(path: str, method: str = "GET", **request: Any) -> httpx.Response:
    """The gateway's answer. It may call nothing behind it."""

    def called(request: httpx.Request) -> httpx.Response:
        pytest.fail(f"{request.method} {request.url} was called")

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.MockTransport(called)) as nobody:
            transport = httpx.ASGITransport(create_app(nobody))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.request(method, path, **request)

    return asyncio.run(call())


def policy_of(response: httpx.Response) -> dict[str, list[str]]:
    rules = (rule.split() for rule in response.headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in rules}


def sources_of(tags: "Tags") -> list[str | None]:
    return [script["src"] for script in tags.all("script")]


class Tags(HTMLParser):
    """The tags of a page with their attributes, and the text of inline scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.in_scripts = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script":
            self.in_scripts += data.strip()

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize(("page", "route"), PAGES.items())
def test_only_the_button_of_a_page_calls_the_api(page: str, route: str) -> None:
    response = ask(f"{page}?token=the-token")

    tags = Tags(response.text)
    (form,) = tags.all("form")
    assert response.status_code == 200
    assert (form["method"], form["data-route"]) == ("post", route)
    assert len(tags.all("button")) == 1
    assert f"POST {route}" in response.text


@pytest.mark.parametrize("page", PAGES)
def test_a_token_reaches_no_page_header_or_cache(page: str) -> None:
    response = ask(f"{page}?token=the-token")

    assert "the-token" not in response.text + str(response.headers)
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_only_its_script_and_calls_only_the_api(page: str) -> None:
    response = ask(page)

    tags, policy = Tags(response.text), policy_of(response)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == ["'none'"]
    assert sources_of(tags) == [FRAME, "/assets/follow-link.js"]
    assert tags.in_scripts == ""
    handlers = [name for _, attributes in tags.found for name in attributes if name[:2] == "on"]
    assert handlers == []


@pytest.mark.parametrize("page", ["/", "/nothing", *PAGES])
def test_a_page_has_the_frame_and_nothing_inline(page: str) -> None:
    response = ask(page, headers={"Accept": "text/html"})

    tags, policy = Tags(response.text), policy_of(response)
    links = [link["href"] for link in tags.all("a")]
    assert links[:5] == ["/", "/docs", "/mailbox", "/payments", "/activity"]
    assert sources_of(tags)[0] == FRAME
    assert (tags.in_scripts, tags.all("style")) == ("", [])
    assert not any("style" in attributes for _, attributes in tags.found)
    assert policy["style-src"] == policy["script-src"] == policy["connect-src"] == ["'self'"]


@pytest.mark.parametrize("name", [path.name for path in ASSETS.iterdir()])
def test_an_asset_is_sent_again_only_when_it_has_changed(name: str) -> None:
    first = ask(f"/assets/{name}")
    again = ask(f"/assets/{name}", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/assets/", "/assets/none.js", "/assets/..%2f__init__.py"])
def test_only_assets_can_be_read(path: str) -> None:
    assert ask(path).status_code in (400, 404)


def test_the_script_removes_the_token_from_the_address() -> None:
    response = ask("/assets/follow-link.js")

    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["x-content-type-options"] == "nosniff"
    script = response.text
    assert 0 < script.index('.get("token")') < script.index("history.replaceState")
    assert script.index("history.replaceState") < script.index("addEventListener")


def test_the_new_password_has_a_password_field() -> None:
    tags = Tags(ask("/reset-password").text)

    (field,) = tags.all("input")
    (label,) = tags.all("label")
    assert (field["name"], field["type"]) == ("password", "password")
    assert field["autocomplete"] == "new-password"
    assert label["for"] == field["id"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_refuses_post(page: str) -> None:
    """Without its script, a form must not seem to work."""
    assert ask(page, "POST").status_code == 405


ORDER_PAGES = ("/order?id=ord_1&token=the-token", "/orders/ord_1")


@pytest.mark.parametrize("page", ORDER_PAGES)
def test_the_order_page_runs_only_its_script(page: str) -> None:
    response = ask(page)

    tags, policy = Tags(response.text), policy_of(response)
    assert response.status_code == 200
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    assert sources_of(tags) == [FRAME, "/assets/show-order.js"]
    assert "the-token" not in response.text + str(response.headers)


def test_a_guest_s_token_leaves_the_address_before_any_call() -> None:
    script = ask("/assets/show-order.js").text

    assert 0 < script.index('.get("token")') < script.index("history.replaceState")
    assert script.index("history.replaceState") < script.index("fetch(")
