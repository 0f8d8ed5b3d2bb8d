"""Pure: what a mail says."""

from html.parser import HTMLParser

import pytest

from notifications import emails
from shared import clock
from shared.models import User
from tests.support.mail import detail, order_placed, user_registered

MARKUP = '<img src=x onerror=alert(1)> & "friends"'


def ada(**changes) -> User:
    facts = {"email": "ada@example.com", "name": "Ada Lovelace", "created_at": clock.utc_now()}
    return User("usr_ada", **facts | changes)


def write(event, recipient=None, shop_name="Souk") -> emails.Email:
    return emails.write(event, recipient or ada(), shop_name=shop_name)


def order_of(name: str):
    data = detail()["data"]
    return order_placed(data=data | {"lines": [data["lines"][0] | {"name": name}]})


class Page(HTMLParser):
    """The text of a page, and the tags it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.opened: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, _attrs) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br", "img"):
            self.opened.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data) -> None:
        self.text += data


def test_a_new_user_is_welcomed():
    email = write(user_registered())

    assert (email.to, email.subject) == ("ada@example.com", "Welcome to Souk")
    for text in (email.text, Page(email.html).text):
        assert "Ada Lovelace" in text
        assert "You log in with ada@example.com." in text
        assert "ignore" in text


def test_a_buyer_is_told_what_they_ordered_and_what_it_costs():
    email = write(order_placed())

    assert (email.to, email.subject) == ("ada@example.com", "Your order at Souk")
    for text in (email.text, Page(email.html).text):
        for fact in ("Ada Lovelace", "ord_one", "TEA-GREEN-100", "Green tea, 100 g"):
            assert fact in text
        for amount in ("EUR 12.50", "EUR 25.00"):
            assert amount in text


def test_every_line_of_an_order_is_told_in_its_own_currency():
    line = detail()["data"]["lines"][0]
    lines = [
        line | {"name": f"Tea {n}", "line_total": {"amount_minor": 1000 + n, "currency": "JPY"}}
        for n in range(50)
    ]

    email = write(order_placed(data=detail()["data"] | {"lines": lines}))

    for n in range(50):
        assert f"Tea {n} (TEA-GREEN-100)" in email.text
        assert f"JPY {1000 + n:,}\n" in email.text


def test_a_text_has_a_line_for_each_thing_ordered():
    assert write(order_placed()).text == (
        "Hello Ada Lovelace,\n\nthank you for your order ord_one.\n\n"
        "  2 x Green tea, 100 g (TEA-GREEN-100), EUR 12.50 each: EUR 25.00\n"
        "\nTotal: EUR 25.00\n\nSouk\n"
    )


@pytest.mark.parametrize("event", [user_registered(), order_placed()], ids=lambda it: it.type)
def test_the_page_is_whole_and_loads_nothing(event):
    page = Page(write(event).html)

    assert page.opened == []
    assert not {"img", "script", "link", "iframe", "form"} & set(page.tags)
    assert "{{" not in page.text
    assert "None" not in page.text


@pytest.mark.parametrize(
    "email",
    [
        write(user_registered(), ada(name=MARKUP)),
        write(user_registered(), shop_name=MARKUP),
        write(order_placed(), ada(name=MARKUP)),
        write(order_of(MARKUP)),
        write(order_placed(), shop_name=MARKUP),
    ],
    ids=["user", "shop, to a user", "buyer", "product", "shop, to a buyer"],
)
def test_markup_in_a_name_is_shown_and_not_run(email):
    page = Page(email.html)

    assert "img" not in page.tags
    assert MARKUP in page.text
    assert MARKUP in email.text


@pytest.mark.parametrize("event", [user_registered(), order_placed()], ids=lambda it: it.type)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\v"])
def test_a_subject_is_one_line_whatever_is_in_a_name(event, end):
    email = write(event, shop_name=f"Souk{end}Bcc: everyone@example.com")

    assert end not in email.subject
    assert email.subject.endswith("Souk Bcc: everyone@example.com")


def test_a_name_in_any_script_is_kept():
    email = write(user_registered(), ada(name="عائشة 東京 Ødegård"), shop_name="Café 東京")

    assert email.subject == "Welcome to Café 東京"
    assert "عائشة 東京 Ødegård" in email.text
    assert "عائشة 東京 Ødegård" in Page(email.html).text


@pytest.mark.parametrize(
    ("event", "user_id"), [(user_registered("usr_new"), "usr_new"), (order_placed(), "usr_ada")]
)
def test_the_recipient_is_the_one_whom_it_happened_to(event, user_id):
    assert emails.recipient_id(event) == user_id
