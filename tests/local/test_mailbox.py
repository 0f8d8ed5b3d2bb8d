"""The mailbox's pages and its answers for scripts."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from local.mailbox import Mailbox
from tests.local.gateway_client import Answer, Ministack, ask


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
    page = ask(mailbox_of(older, newer), "/mailbox").text

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
    assert page.index("Your order") < page.index("Welcome")


def test_a_mail_cannot_run_scripts_in_its_page() -> None:
    attack = '"></iframe><script>alert(1)</script>'
    mail = message(Subject=attack, BodyText=attack, BodyHtml=attack)

    pages = [ask(mailbox_of(mail), path) for path in ("/mailbox/m1", "/mailbox")]

    for shown in pages:
        assert "<script>" not in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
    sandbox = pages[0].text.split('sandbox="')[1].split('"')[0]
    assert set(sandbox.split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}


def test_an_address_in_the_text_of_a_mail_is_a_link() -> None:
    url = "http://localhost:8000/verify-email?token=a-b_c"
    mail = message(BodyText=f'Confirm it:\n\n{url}\n\njavascript:alert(1) "<b>"')

    shown = ask(mailbox_of(mail), "/mailbox/m1").text

    text = shown.split("<pre>")[1].split("</pre>")[0]
    assert f'<a href="{url}" rel="noopener noreferrer" target="_blank">{url}</a>' in text
    assert text.count("<a ") == 1
    assert "&lt;b&gt;" in text


def test_a_mail_s_html_runs_no_script_outside_its_page() -> None:
    mail = message(BodyHtml="<p>Hello</p><script>alert(1)</script>")

    shown = ask(mailbox_of(mail), "/mailbox/m1/html")

    policy = shown.headers["content-security-policy"]
    assert "<p>Hello</p>" in shown.text
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; ")
    assert "default-src 'none'" in policy
    assert "script" not in policy


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

    page = ask(answer, "/mailbox")
    text = ask(answer, "/mailbox.txt")

    assert "No mail has been sent yet" in page.text
    assert "No mail has been sent yet" in text.text


def test_an_unknown_mail_or_page_gives_404() -> None:
    assert ask(mailbox_of(), "/mailbox/m9").status_code == 404
    assert ask(mailbox_of(), "/nothing").status_code == 404
