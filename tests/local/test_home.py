"""The start page and the reference: what they say about this shop."""

import html
import json
import shlex
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import paths
from local.pages import ASSETS
from local.reference import PACKAGED
from tests.local.activity_stack import FakeReader
from tests.local.gateway_client import FACTS, ask
from tests.local.test_shop_pages import FRAME, Tags, policy_of, sources_of

COUNTS = {"ProductsTable": 14, "OrdersTable": 3, "UsersTable": 2, "OutboxTable": 21}


@pytest.fixture
def shown() -> httpx.Response:
    return ask(no_mails, "/")


def no_mails(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"messages": {}})


def test_each_account_has_copy_buttons(shown) -> None:
    copied = [button["data-copy"] for button in Tags(shown.text).all("button")]

    for account in (FACTS.customer, FACTS.staff):
        assert {account.email, account.password} <= set(copied)
    assert {f"{FACTS.api_url}/v1", FACTS.aws_endpoint_url} <= set(copied)


def test_a_copy_button_says_what_it_copies(shown) -> None:
    buttons = [button for button in Tags(shown.text).all("button") if "data-copy" in button]

    labels = [button["aria-label"] for button in buttons]
    assert len(set(labels)) == len(labels) == 10


def test_the_copied_request_is_one_whole_command(shown) -> None:
    (command,) = [
        button["data-copy"]
        for button in Tags(shown.text).all("button")
        if "/v1/guest/orders" in str(button.get("data-copy"))
    ]

    words = shlex.split(str(command))
    body = json.loads(words[words.index("-d") + 1])
    assert words[:3] == ["curl", "-s", f"{FACTS.api_url}/v1/guest/orders"]
    assert body["lines"] == [{"product_id": FACTS.product_id, "quantity": 1}]
    assert html.escape(str(command)) in shown.text.replace("&#34;", "&quot;").replace(
        "&#39;", "&#x27;"
    )


def test_the_start_page_leads_to_all_others(shown) -> None:
    links = {link["href"] for link in Tags(shown.text).all("a")}

    assert {"/docs", "/mailbox", "/payments", "/activity", "/v1/products"} <= links


def test_counts_come_from_the_stack(monkeypatch) -> None:
    monkeypatch.setattr(FakeReader, "count_items", lambda _: COUNTS)

    assert ask(no_mails, "/home.json").json() == {
        "products": 14,
        "orders": 3,
        "accounts": 2,
        "events": 21,
        "mails": 0,
        "payments": 0,
        "payments_awaiting": 0,
    }


@pytest.fixture
def installed(tmp_path: Path, monkeypatch) -> None:
    script = tmp_path / PACKAGED.replace("python3*", "python3.11")
    script.parent.mkdir(parents=True)
    script.write_text("scalar = 1")
    monkeypatch.setattr(paths, "REFERENCE", tmp_path)


@pytest.mark.usefixtures("installed")
def test_the_reference_loads_its_script_from_this_origin() -> None:
    shown = ask(no_mails, "/docs")

    tags, policy = Tags(shown.text), policy_of(shown)
    scripts = sources_of(tags)
    assert scripts == [FRAME, "/assets/scalar/scalar.standalone.js", "/assets/reference.js"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'", "'unsafe-inline'"]
    assert not any("http" in source for sources in policy.values() for source in sources)


@pytest.mark.usefixtures("installed")
def test_the_reference_s_script_is_sent_once() -> None:
    first = ask(no_mails, "/assets/scalar/scalar.standalone.js")
    etag = {"If-None-Match": first.headers["etag"]}

    again = ask(no_mails, "/assets/scalar/scalar.standalone.js", headers=etag)

    assert (first.text, again.status_code) == ("scalar = 1", 304)


def test_a_reference_that_is_not_installed_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(paths, "REFERENCE", tmp_path)

    answer = ask(no_mails, "/docs")

    assert answer.status_code == 503
    assert "make setup" in answer.json()["error"]["message"]


def test_the_reference_learns_what_it_fills_in() -> None:
    filled: dict[str, Any] = ask(no_mails, "/docs/shop.json").json()

    assert filled["accounts"]["staff"] == vars(FACTS.staff)
    assert filled["accounts"]["customer"] == vars(FACTS.customer)
    assert filled["product_id"] == FACTS.product_id


def test_no_script_of_the_pages_names_another_server() -> None:
    for path in ASSETS.iterdir():
        text = path.read_text()
        assert "http://" not in text, path.name
        assert "https://" not in text, path.name
