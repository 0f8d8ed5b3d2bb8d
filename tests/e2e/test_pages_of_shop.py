"""The start page, the reference and the mailbox, on the running stack and in a browser."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from local.reference import find_script
from local.stack import Stack
from tests.e2e.conftest import fetch_url, wait_until
from tests.support import browser
from tests.support.browser_tab import DESKTOP, PHONE, Tab, open_tab

pytestmark = pytest.mark.skipif(
    browser.find_chromium() is None,
    reason="Chromium is not installed (Debian's package is `chromium`), so no page can be shown",
)
SIZES = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]
# The lowest contrast of a visible text of the frame or of our pages, and what the text is.
LOWEST_CONTRAST = """(() => {
  const luminance = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [r, g, b] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  let lowest = [21, ""];
  for (const element of document.querySelectorAll(".frame *, .login *, main *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
    if (!text.length || !element.checkVisibility()) continue;
    if (element.closest("option, .scalar-app")) continue;
    const both = [getComputedStyle(element).color, groundOf(element)].map(luminance);
    const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (contrast < lowest[0]) lowest = [contrast, text[0].data];
  }
  return lowest;
})()"""
UNLABELLED = """[...document.querySelectorAll("main :is(input, select, button, a)")]
  .filter((each) => !each.closest(".scalar-app"))
  .filter((each) => !(each.labels?.length || each.ariaLabel || each.textContent.trim()))
  .map((each) => each.outerHTML)"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with open_tab(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def order(stack: Stack, visitor, staff) -> dict[str, Any]:
    """With its buyer's address, and its mail."""
    buyer = visitor.register()
    placed: dict[str, Any] = buyer.place_order(staff.create_product(available=1)).json()
    wait_until(lambda: find_mails(stack, placed["id"]))
    return placed | {"email": buyer.email}


def find_mails(stack: Stack, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fetch_url(f"{stack.api_url}/mailbox.json", q=text).json()
    return found


def is_well_made(tab: Tab) -> None:
    """Nothing is cut or too faint, each control has a name, and no script had a problem."""
    contrast, text = tab.evaluate(LOWEST_CONTRAST)
    assert tab.overflow() == 0
    assert contrast >= 4.5, text
    assert tab.evaluate(UNLABELLED) == []
    assert tab.evaluate("document.querySelectorAll('.frame nav a').length") == 5
    assert tab.evaluate("document.querySelectorAll('.frame [aria-current=page]').length") == 1
    assert tab.problems == []


# The start page


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_start_page_shows_the_shop(tab, stack, width, scheme):
    tab.show(f"{stack.api_url}/", width=width, scheme=scheme)

    tab.wait_for_text("healthy, ")
    tab.wait_for("/^[1-9]/.test(document.querySelector('[data-count=orders]').textContent)")
    counts = tab.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-count]')]"
        ".map((each) => [each.dataset.count, Number(each.textContent.replaceAll(',', ''))]))"
    )
    assert counts.keys() == {"products", "orders", "accounts", "payments", "mails", "events"}
    assert counts["products"] >= 14
    assert all(counts[name] > 0 for name in ("orders", "accounts", "mails", "events"))
    for text in (stack.customer.password, stack.staff.password, f"{stack.api_url}/v1"):
        assert text in tab.text()
    is_well_made(tab)


def test_counts_follow_without_a_reload(tab, stack, visitor):
    tab.show(f"{stack.api_url}/")
    tab.wait_for("/^[1-9]/.test(document.querySelector('[data-count=accounts]').textContent)")
    tab.evaluate("window.isKept = true")
    before = tab.evaluate("document.querySelector('[data-count=accounts]').textContent")

    visitor.register()

    tab.wait_for(f"document.querySelector('[data-count=accounts]').textContent !== '{before}'")
    assert tab.evaluate("window.isKept") is True


def test_the_copied_request_places_an_order(tab, stack):
    tab.show(f"{stack.api_url}/")
    command = tab.evaluate(
        "[...document.querySelectorAll('[data-copy]')]"
        ".map((each) => each.dataset.copy).find((text) => text.includes('/guest/orders'))"
    )

    answer = subprocess.run(  # noqa: S602 (as a reader pastes it)
        command, shell=True, capture_output=True, text=True, check=True, timeout=120
    )

    assert json.loads(answer.stdout)["status"] == "pending_payment"


# The reference

needs_scalar = pytest.mark.skipif(
    find_script() is None, reason="`make setup` has not installed the page of the reference"
)


@needs_scalar
@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_reference_shows_the_operations(tab, stack, width, scheme):
    tab.show(f"{stack.api_url}/docs#tag/orders/POST/v1/orders", width=width, scheme=scheme)

    tab.wait_for("/idempotency-key: [0-9a-f]{8}-/i.test(document.body.innerText)")
    tab.wait_for_text(stack.product_id)  # in the example of an order
    assert tab.evaluate("getComputedStyle(document.body).colorScheme") is not None
    is_well_made(tab)


@needs_scalar
@pytest.mark.parametrize("name", ["customer", "staff"])
def test_one_click_logs_in_and_sends_requests(tab, stack, name):
    account = getattr(stack, name)
    tab.show(f"{stack.api_url}/docs#tag/accounts/GET/v1/me")
    tab.click(f"[data-account={name}]:not([disabled])")
    tab.wait_for_text(f"Requests are sent as {account.email}.")

    send_request(tab, "get", "/v1/me")

    tab.wait_for_text(f'"{account.email}"')
    assert tab.problems == []


@needs_scalar
def test_the_example_of_an_order_places_one(tab, stack):
    tab.show(f"{stack.api_url}/docs#tag/orders/POST/v1/orders")
    tab.click("[data-account=customer]:not([disabled])")
    tab.wait_for_text("Requests are sent as")

    send_request(tab, "post", "/v1/orders")

    tab.wait_for_text('"pending_payment"')
    assert tab.problems == []


@needs_scalar
def test_a_sent_request_gets_a_new_key_each_time(tab, stack):
    tab.show(f"{stack.api_url}/docs")
    tab.click("[data-account=customer]:not([disabled])")
    tab.wait_for_text("Requests are sent as")
    body = json.dumps(
        {
            "lines": [{"product_id": stack.product_id, "quantity": 1}],
            "shipping_address": {
                "name": "Casey",
                "line1": "1 Market Street",
                "postal_code": "1000",
                "city": "Brussels",
                "country": "BE",
            },
        }
    )
    # What the page's own button calls.
    script = f"""(async () => {{
      const {{ send }} = await import("/assets/reference.js");
      const ids = [];
      for (let n = 0; n < 2; n += 1) {{
        const answer = await send("/v1/orders", {{
          method: "POST",
          headers: {{ "Content-Type": "application/json", "Idempotency-Key": "{uuid4()}" }},
          body: {json.dumps(body)},
        }});
        ids.push((await answer.json()).id);
      }}
      return ids;
    }})()"""

    ids = tab.evaluate(script)

    assert all(str(order_id).startswith("ord_") for order_id in ids), ids
    assert len(set(ids)) == 2


def send_request(tab: Tab, method: str, path: str) -> None:
    for label in (f"({method} {path})", f"{method} request to"):
        button = (
            "[...document.querySelectorAll('button')].find((each) => "
            f"each.textContent.includes({json.dumps(label)}) && each.checkVisibility())"
        )
        tab.wait_for(button)
        tab.evaluate(f"{button}.click()")


# The mailbox


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_mailbox_lists_and_shows_mails(tab, stack, order, width, scheme):
    tab.show(f"{stack.api_url}/mailbox?q={order['id']}", width=width, scheme=scheme)
    tab.wait_for_text(f"Your order at Souk ({order['id']})")
    is_well_made(tab)

    tab.click("[data-mail]")
    tab.wait_for("document.querySelector('iframe').contentDocument?.body?.innerText.length > 200")

    mail = "document.querySelector('iframe').contentDocument.documentElement"
    tab.wait_for(f"document.querySelector('iframe').offsetHeight >= {mail}.scrollHeight")
    assert order["id"] in tab.evaluate(f"{mail}.innerText")
    assert tab.evaluate(f"{mail}.scrollWidth <= {mail}.clientWidth")  # the mail is not cut
    assert order["email"] in tab.text()
    assert tab.evaluate("document.querySelector('#links a').getAttribute('href')") == (
        f"/activity?order={order['id']}"
    )
    is_well_made(tab)


def test_each_tab_shows_its_part_of_the_mail(tab, stack, order):
    (mail,) = find_mails(stack, order["id"])
    tab.show(f"{stack.api_url}/mailbox/{mail['id']}", width=PHONE)

    tab.click("#tab-text")
    tab.wait_for_text("Thank you for your order")
    assert tab.evaluate("document.querySelector('#panel-text a').href").startswith("http")
    tab.click("#tab-source")
    tab.wait_for_text("Content-Type: multipart/alternative")

    assert tab.evaluate("document.getElementById('panel-text').hidden") is True
    assert tab.evaluate("document.getElementById('tab-source').ariaSelected") == "true"
    assert tab.overflow() == 0


def test_a_recipient_s_mails_can_be_chosen(tab, stack, order):
    tab.show(f"{stack.api_url}/mailbox")
    tab.wait_for(
        f"[...document.querySelectorAll('option')].some((o) => o.value === {quote(order)})"
    )

    tab.evaluate(f"recipient.value = {quote(order)}; recipient.dispatchEvent(new Event('change'))")

    count = len(fetch_url(f"{stack.api_url}/mailbox.json", to=order["email"]).json())
    tab.wait_for(f"document.querySelectorAll('[data-mail]').length === {count}")
    assert tab.evaluate("location.search") == f"?to={order['email'].replace('@', '%40')}"


def quote(order: dict[str, Any]) -> str:
    return json.dumps(order["email"])


def test_a_new_mail_appears_and_the_open_one_stays(tab, stack, order, visitor):
    (mail,) = find_mails(stack, order["id"])
    tab.show(f"{stack.api_url}/mailbox/{mail['id']}")
    tab.click("#tab-text")
    tab.wait_for_text("Thank you for your order")
    tab.wait_for("document.querySelector('[data-mail]')")
    tab.evaluate("window.isKept = true; document.querySelector('[data-mail]').focus()")
    focused = tab.evaluate("document.activeElement.dataset.mail")

    newcomer = visitor.register().email

    tab.wait_for_text(newcomer)
    assert tab.evaluate("window.isKept") is True
    assert focused
    assert tab.evaluate("document.activeElement.dataset.mail") == focused
    assert tab.evaluate("document.getElementById('tab-text').ariaSelected") == "true"
    assert order["id"] in tab.evaluate("document.getElementById('panel-text').innerText")


def test_a_mail_leads_to_its_event_and_its_order(tab, stack, order):
    (mail,) = find_mails(stack, order["id"])

    tab.show(f"{stack.api_url}/activity?mail={mail['id']}")

    tab.wait_for_text("order.placed")
    assert "/activity/events/evt_" in tab.evaluate("location.pathname")


def test_a_hostile_mail_does_nothing_in_a_browser(tab, stack):
    mark = f"hostile-{uuid4().hex}"
    attack = f"""<p>{mark}</p><script>top.isAttacked = 1; document.title = "attacked"</script>
      <img src="x" onerror="top.isAttacked = 2"><svg onload="top.isAttacked = 3"></svg>
      <iframe srcdoc="<script>top.isAttacked = 4</script>"></iframe>
      <meta http-equiv="refresh" content="0;url=/mailbox.txt"><form action="/" method="post">
      <button id="go">x</button></form><a id="link" href="javascript:top.isAttacked = 5">x</a>"""
    stack.client("sesv2").send_email(
        FromEmailAddress="shop@souk.example",
        Destination={"ToAddresses": ["victim@example.com"]},
        Content={
            "Simple": {
                "Subject": {"Data": f"<img src=x onerror='isAttacked=6'>{mark}"},
                "Body": {"Text": {"Data": attack}, "Html": {"Data": attack}},
            }
        },
    )
    (mail,) = find_mails(stack, mark)

    tab.show(f"{stack.api_url}/mailbox/{mail['id']}")
    tab.wait_for_text(mark)
    tab.wait_for("document.querySelector('iframe').contentDocument?.getElementById('link')")
    for control in ("go", "link"):
        tab.evaluate(
            "document.querySelector('iframe').contentDocument"
            f"?.getElementById('{control}')?.click()"
        )

    assert tab.evaluate("window.isAttacked ?? null") is None
    assert tab.evaluate("location.pathname").startswith("/mailbox/")
    tab.problems.clear()  # what the policy has blocked
