"""The mailbox's pages and its answers for scripts."""

import asyncio
import email
import email.policy
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.mailbox import Mailbox
from tests.local.gateway_client import Answer, Ministack, ask
from tests.local.test_shop_pages import policy_of


def mailbox_of(*messages: dict[str, Any]) -> Answer:
    return lambda _: httpx.Response(200, json={"messages": {"000000000000": list(messages)}})


def message(**changes: Any) -> dict[str, Any]:
    return {
        "MessageId": "m1",
        "Source": "shop@souk.example",
        "To": ["casey@souk.example"],
        "Subject": "Your order",
        "BodyText": "Thank you.",
        "BodyHtml": "<p>Thank you.</p>",
        "Timestamp": 1_700_000_000.0,
        **changes,
    }


def test_the_mailbox_lists_the_newest_mail_first() -> None:
    older = message(MessageId="m1", Subject="Welcome", Timestamp=1_700_000_000.0)
    newer = message(MessageId="m2", Subject="Your order", Timestamp=1_700_000_060.0)

    listed = ask(mailbox_of(older, newer), "/mailbox.json").json()
    newest = ask(mailbox_of(older, newer), "/mailbox.txt").text
    shown = ask(mailbox_of(older, newer), "/mailbox/list.json").json()["mails"]

    assert [mail["id"] for mail in listed] == ["m2", "m1"]
    assert listed[1] == {
        "id": "m1",
        "from": "shop@souk.example",
        "to": ["casey@souk.example"],
        "subject": "Welcome",
        "text": "Thank you.",
        "html": "<p>Thank you.</p>",
        "sent_at": "2023-11-14T22:13:20Z",
    }
    assert "Subject: Your order" in newest
    assert [mail["id"] for mail in shown] == ["m2", "m1"]


ATTACK = '"></iframe><script>alert(1)</script>'


def test_the_page_has_no_text_of_a_mail() -> None:
    """Its script adds the texts, never as HTML."""
    mail = message(Subject=ATTACK, BodyText=ATTACK, BodyHtml=ATTACK)

    for path in ("/mailbox/m1", "/mailbox"):
        shown = ask(mailbox_of(mail), path)
        assert "alert(1)" not in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert "'unsafe-inline'" not in shown.headers["content-security-policy"]
        sandbox = shown.text.split('sandbox="')[1].split('"')[0]
        assert set(sandbox.split()) == {
            "allow-popups",
            "allow-popups-to-escape-sandbox",
            "allow-same-origin",  # the page reads the mail's height
        }


@pytest.mark.parametrize(
    "path", ["/mailbox/m1/mail.json", "/mailbox/m1/source", "/mailbox.json", "/mailbox.txt"]
)
def test_no_browser_takes_a_mail_for_a_script(path: str) -> None:
    answer = ask(mailbox_of(message(BodyText=ATTACK, BodyHtml=ATTACK)), path)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].split(";")[0] in ("application/json", "text/plain")


def test_a_mail_s_html_runs_nothing_and_asks_nobody() -> None:
    mail = message(BodyHtml="<p>Hello</p><script>alert(1)</script>")

    shown = ask(mailbox_of(mail), "/mailbox/m1/html")

    policy = policy_of(shown)
    assert "<p>Hello</p>" in shown.text
    assert policy["default-src"] == policy["form-action"] == ["'none'"]
    assert policy["img-src"] == ["data:"]
    assert policy["frame-ancestors"] == ["'self'"]
    assert "allow-scripts" not in policy["sandbox"]
    assert not any(name.startswith(("script", "connect", "frame-src")) for name in policy)


def test_the_source_of_a_mail_is_a_message_with_both_parts() -> None:
    mail = message(
        To=["casey@souk.example", "ada@example.com"],
        Subject="Grüße\r\nBcc: all@example.com",
        BodyText="Thank you, Zoë.",
    )

    source = ask(mailbox_of(mail), "/mailbox/m1/source").text

    parsed = email.message_from_string(source, policy=email.policy.default)
    plain, html = parsed.iter_parts()
    assert parsed["subject"] == "Grüße Bcc: all@example.com"
    assert parsed["to"] == "casey@souk.example, ada@example.com"
    assert parsed["bcc"] is None
    assert "Thank you, Zoë." in source
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "<p>Thank you.</p>" in html.get_content()


def test_a_mail_without_html_has_no_html() -> None:
    mails = mailbox_of(message(BodyHtml=""))

    assert ask(mails, "/mailbox/m1/html").status_code == 404
    assert "text/html" not in ask(mails, "/mailbox/m1/source").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["m3", "m2", "m1"]),
        ("q=ord_b", ["m2"]),
        ("q=CASEY order", ["m1"]),
        ("q=order casey", ["m1"]),
        ("q=welcome to=", []),
        ("q=thank", ["m3", "m2", "m1"]),
        ("to=ada@example.com", ["m3", "m2"]),
        ("to=ada@example.com&q=ord_b", ["m2"]),
        ("to=nobody@example.com", []),
    ],
)
def test_mails_are_found_by_words_and_recipient(query: str, found: list[str]) -> None:
    mails = mailbox_of(
        message(MessageId="m1", Subject="Your order (ord_a)", Timestamp=1.0),
        message(MessageId="m2", Subject="Paid (ord_b)", To=["ada@example.com"], Timestamp=2.0),
        message(MessageId="m3", Subject="Welcome", To=["ada@example.com"], Timestamp=3.0),
    )

    answer = ask(mails, f"/mailbox/list.json?{query}").json()

    assert [mail["id"] for mail in answer["mails"]] == found
    assert answer["total"] == 3
    assert answer["recipients"] == {"ada@example.com": 2, "casey@souk.example": 1}


def test_a_mail_names_its_orders() -> None:
    mail = message(Subject="Your orders (ord_b2)", BodyText="ord_b2 and ord_a7, not word_c")

    for path in ("/mailbox/m1/mail.json", "/mailbox/list.json"):
        answer = ask(mailbox_of(mail), path).json()
        shown = answer["mails"][0] if "mails" in answer else answer
        assert shown["order_ids"] == ["ord_b2", "ord_a7"]


def test_a_long_list_says_how_many_mails_there_are() -> None:
    mails = mailbox_of(*(message(MessageId=f"m{n}", Timestamp=float(n)) for n in range(150)))

    answer = ask(mails, "/mailbox/list.json").json()

    assert (len(answer["mails"]), answer["found"], answer["total"]) == (100, 150, 150)
    assert answer["mails"][0]["id"] == "m149"


def test_a_script_can_read_the_mails_to_one_address() -> None:
    mails = mailbox_of(
        message(MessageId="m1", To=["ada@example.com"]),
        message(MessageId="m2", To=["bob@example.com", "ada@example.com"]),
        message(MessageId="m3", To=["bob@example.com"]),
    )

    def list_ids(query: str) -> set[str]:
        return {mail["id"] for mail in ask(mails, f"/mailbox.json{query}").json()}

    assert list_ids("?to=ada@example.com") == {"m1", "m2"}
    assert list_ids("?to=nobody@example.com") == set()
    assert list_ids("") == {"m1", "m2", "m3"}


def test_mails_are_kept_for_the_next_run(tmp_path: Path) -> None:
    async def run(*messages: dict[str, Any]) -> list[str]:
        async with httpx.AsyncClient(transport=Ministack(mailbox_of(*messages))) as client:
            mailbox = Mailbox("http://127.0.0.1:4566", client, tmp_path / "mails.json")
            await mailbox.save()
            return [mail.id for mail in await mailbox.list_mails()]

    asyncio.run(run(message(MessageId="m1", Timestamp=1.0)))

    assert asyncio.run(run(message(MessageId="m2", Timestamp=2.0))) == ["m2", "m1"]


def test_an_empty_mailbox_says_that_no_mail_was_sent() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"messages": {}})

    listed = ask(answer, "/mailbox/list.json")
    text = ask(answer, "/mailbox.txt")

    assert listed.json() == {"mails": [], "found": 0, "total": 0, "recipients": {}}
    assert "No mail has been sent yet" in text.text


def test_an_unknown_mail_or_page_gives_404() -> None:
    assert ask(mailbox_of(), "/mailbox/m9").status_code == 404
    assert ask(mailbox_of(), "/nothing").status_code == 404
