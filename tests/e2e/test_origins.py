"""Web pages of other origins cannot use any port of the local stack. The shop's own pages can."""

import socket
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from local.stack import Stack
from tests.attacks.origins import (
    ENGINE_TARGETS,
    GATEWAY_TARGETS,
    LINK_TARGETS,
    OWN_HOST,
    OWN_SENDERS,
)
from tests.attacks.web_pages import SCRIPT, SHOP_SCRIPT
from tests.e2e.conftest import Shop, wait_until
from tests.e2e.test_uploads import HEADER, create_upload
from tests.support import browser
from tests.support.http2 import exchange_over_http2
from tests.support.listening_ports import find_listening_ports
from tests.support.origin_attacks import list_breaches
from tests.support.raw_http import exchange, request

SHOP_ORIGIN = "http://localhost:3000"  # AllowedOrigins of the local stack
FOREIGN_ORIGINS = ("http://evil.example:8080", "http://localhost:3001", "http://127.0.0.1:3000")
needs_chromium = pytest.mark.skipif(
    browser.find_chromium() is None,
    reason="Chromium is not installed (Debian's package is `chromium`), so no page can attack",
)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.fixture
def engine_port(stack: Stack) -> int:
    return port_of(stack.aws_endpoint_url)


@pytest.fixture
def gateway_port(stack: Stack) -> int:
    return port_of(stack.api_url)


@pytest.fixture(autouse=True, scope="module")
def _is_unharmed(stack: Stack, staff: Shop):
    """Nothing that a foreign page tries has an effect, in all tests of this module."""
    product_id = staff.create_product(available=7)
    functions = count_functions(stack)
    yield
    assert staff.get_available(product_id) == 7
    assert count_functions(stack) == functions > 0
    names = [bucket["Name"] for bucket in stack.client("s3").list_buckets()["Buckets"]]
    queues = stack.client("sqs").list_queues(QueueNamePrefix="evil").get("QueueUrls", [])
    assert (queues, "evil" in names) == ([], False)


def count_functions(stack: Stack) -> int:
    pages = stack.client("lambda").get_paginator("list_functions").paginate()
    return sum(len(page["Functions"]) for page in pages)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the ports of a process")
def test_the_stack_listens_on_two_ports_of_loopback(engine_port, gateway_port):
    """A port that is added needs its targets in tests/attacks/origins.py."""
    ports = find_listening_ports()

    assert ports.keys() == {engine_port, gateway_port}
    assert set().union(*ports.values()) <= {"127.0.0.1", "::1"}


def test_ministack_is_closed_to_foreign_pages(engine_port):
    assert list_breaches(engine_port, ENGINE_TARGETS) == []


def test_the_gateway_is_closed_to_foreign_pages(gateway_port):
    assert list_breaches(gateway_port, GATEWAY_TARGETS) == []


def test_a_link_of_a_foreign_page_reaches_nothing_of_ministack(engine_port):
    fetch = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
    for target in LINK_TARGETS:
        sent = request("GET", target, (OWN_HOST, *fetch), port=engine_port)
        assert exchange(engine_port, sent).status == 403, target


@pytest.mark.parametrize("sender", OWN_SENDERS, ids=lambda sender: sender.name)
def test_programs_and_own_pages_may_call_each_port(sender, engine_port, gateway_port):
    for port, path in ((engine_port, "/_ministack/health"), (gateway_port, "/v1/health")):
        assert exchange(port, request("GET", path, sender.lines, port=port)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {":authority": "evil.example"},
        {":authority": "127.0.0.1:{port}", "origin": "http://evil.example"},
        {":authority": "evil.example", "host": "127.0.0.1:{port}"},
        {"host": "evil.example"},
    ],
    ids=["another authority", "another origin", "two hosts", "another host"],
)
def test_ministack_refuses_foreign_pages_over_http2(headers, engine_port):
    answer = exchange_over_http2(engine_port, "/_ministack/ses/messages", headers)

    assert b'"messages"' not in answer


def test_ministack_answers_own_programs_over_http2(engine_port):
    authority = {":authority": f"127.0.0.1:{engine_port}"}

    assert b'"messages"' in exchange_over_http2(engine_port, "/_ministack/ses/messages", authority)


def test_a_subdomain_for_a_bucket_leads_to_s3(stack, engine_port):
    lines = (f"Host: {stack.outputs['UploadsBucketName']}.localhost:{engine_port}",)

    answer = exchange(engine_port, request("GET", "/", lines, port=engine_port))

    assert answer.status == 403  # S3's own answer to an unsigned request
    assert b"AccessDenied" in answer.body


@pytest.mark.parametrize(
    ("origin", "status", "allowed"),
    [(SHOP_ORIGIN, 200, SHOP_ORIGIN), ("http://evil.example", 403, None)],
)
def test_a_preflight_of_an_upload_needs_the_shops_origin(
    origin, status, allowed, stack, engine_port
):
    bucket = stack.outputs["UploadsBucketName"]
    lines = ("Host: 127.0.0.1:{port}", f"Origin: {origin}", "Access-Control-Request-Method: POST")

    answer = exchange(engine_port, request("OPTIONS", f"/{bucket}", lines, port=engine_port))

    assert answer.status == status
    assert (f"allow-origin: {allowed}".encode() in answer.head) is (allowed is not None)
    assert b"allow-origin: *" not in answer.head


def test_the_shops_pages_cannot_use_the_rest_of_ministack(engine_port):
    for target in ENGINE_TARGETS:
        if target.path.startswith("/_aws/execute-api"):
            continue  # the gateway forwards the API's requests with their origin
        lines = ("Host: 127.0.0.1:{port}", f"Origin: {SHOP_ORIGIN}", *target.lines)
        sent = request(target.method, target.path, lines, port=engine_port, body=target.body)
        assert exchange(engine_port, sent).status == 403


@needs_chromium
@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_foreign_page_in_a_browser_gets_nothing(origin, stack, tmp_path: Path):
    given = {"engine": stack.aws_endpoint_url, "gateway": stack.api_url}

    results = browser.run_script(origin, SCRIPT, given, tmp_path)

    assert len(results) == 34
    assert {name: result for name, result in results.items() if result.startswith("read")} == {}


@needs_chromium
def test_a_browser_with_a_rebound_name_gets_nothing(stack, tmp_path: Path):
    for url in (f"{stack.aws_endpoint_url}/_ministack/ses/messages", f"{stack.api_url}/mailbox"):
        _, _, rest = url.removeprefix("http://").partition(":")
        shown = browser.dump_page(
            f"http://rebound.example:{rest}", "MAP rebound.example 127.0.0.1", tmp_path
        )

        assert "host_not_allowed" in shown


@needs_chromium
def test_a_page_of_the_shop_uses_the_api_and_uploads(stack, staff, tmp_path: Path):
    content = f"{HEADER}A-{uuid4().hex},A,100,EUR,1,\n"
    upload = create_upload(staff, content.encode())
    given = {"api": stack.api_url, "form": upload["form"], "content": content, "token": staff.token}

    results = browser.run_script(SHOP_ORIGIN, SHOP_SCRIPT, given, tmp_path)

    assert results == {"list": "read 200", "me": "read 200", "upload": "read 204"}
    wait_until(lambda: staff.get(f"/uploads/{upload['id']}").json()["status"] == "completed")


@needs_chromium
def test_the_stacks_own_pages_work_in_a_browser(stack, tmp_path: Path):
    assert "Mailbox" in browser.dump_page(f"{stack.api_url}/mailbox", "", tmp_path)
    reference = browser.dump_page(f"{stack.api_url}/v1/docs", "", tmp_path)
    assert '<div id="reference"><div class="swagger-ui">' in reference  # its scripts have run


def test_both_addresses_of_this_machine_are_closed(gateway_port):
    sent = request("GET", "/mailbox.json", ("Host: evil.example",), port=gateway_port)
    for host in ("127.0.0.1", "::1"):
        try:
            assert exchange(gateway_port, sent, host=host).status == 400
        except OSError:
            assert host == "::1"
            assert not has_ipv6()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
