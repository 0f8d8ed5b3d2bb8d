"""Pure: the text of mails about accounts, and rules for all mails."""

import pytest

from notifications import emails, links
from shared.events.all_events import parse_event
from tests.support import email_fixtures
from tests.support.email_fixtures import (
    ABOUT_ACCOUNTS,
    ABOUT_ORDERS,
    MAILED,
    MARKUP,
    NOT_MAILED,
    OCCURRED_AT,
    SHOP_URL,
    WITH_LINK,
    Page,
    ada,
    build_event,
    event_types,
    user_registered,
    write_email,
)


def test_a_new_user_is_welcomed():
    email = write_email(user_registered())

    assert (email.to, email.subject) == ("ada@example.com", "Welcome to Souk")
    for text in (email.text, Page(email.html).text):
        assert "You log in with ada@example.com." in text
        assert "ignore" in text


@pytest.mark.parametrize("event", MAILED, ids=lambda event: event.type)
def test_the_html_is_complete_and_loads_nothing(event):
    page = Page(write_email(event).html)

    assert page.opened == []
    assert not {"img", "script", "link", "iframe", "form"} & set(page.tags)
    assert "{{" not in page.text
    assert "None" not in page.text


@pytest.mark.parametrize(
    ("event", "about"),
    [
        *((event, {"user": ada(name=MARKUP, email_verified=True)}) for event in MAILED),
        *((event, {"shop_name": MARKUP}) for event in MAILED),
        *(
            (
                event,
                {"order": email_fixtures.sample_order(lines=[email_fixtures.line(name=MARKUP)])},
            )
            for event in ABOUT_ORDERS
        ),
        (build_event("order.shipped", carrier=MARKUP), {}),
        (build_event("order.shipped", tracking_number=MARKUP), {}),
    ],
    ids=lambda event: getattr(event, "type", ""),
)
def test_markup_in_a_name_is_shown_as_text(event, about):
    email = write_email(event, **about)

    page = Page(email.html)

    assert "img" not in page.tags
    assert MARKUP in page.text
    assert MARKUP in email.text


@pytest.mark.parametrize("event", MAILED, ids=lambda event: event.type)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\v"])
def test_a_subject_is_one_line_with_any_name(event, end):
    email = write_email(event, shop_name=f"Souk{end}Bcc: everyone@example.com")

    assert end not in email.subject
    assert "Souk Bcc: everyone@example.com" in email.subject


def test_a_name_in_any_script_is_kept():
    email = write_email(
        user_registered(),
        ada(name="عائشة 東京 Ødegård", email_verified=True),
        shop_name="Café 東京",
    )

    assert email.subject == "Welcome to Café 東京"
    assert "عائشة 東京 Ødegård" in email.text
    assert "عائشة 東京 Ødegård" in Page(email.html).text


@pytest.mark.parametrize("name", event_types())
def test_the_recipient_is_the_user_of_the_event(name):
    assert emails.get_recipient_id(build_event(name, "usr_new")) == "usr_new"


@pytest.mark.parametrize("event", ABOUT_ACCOUNTS, ids=lambda event: event.type)
def test_the_new_address_confirms_and_the_old_one_is_notified(event):
    other_addresses = {
        "user.email_change_requested": "new@example.com",
        "user.email_changed": "old@example.com",
    }

    assert write_email(event).to == other_addresses.get(event.type, "ada@example.com")


def test_a_change_of_address_reveals_no_other_address():
    changed, asked = (
        write_email(build_event("user.email_changed")),
        write_email(build_event("user.email_change_requested")),
    )

    for other in ("ada@example.com", "new@example.com"):
        assert other not in changed.text + changed.html
    assert "ada@example.com" not in asked.text + asked.html


@pytest.mark.parametrize("name", sorted(NOT_MAILED))
def test_a_deletion_and_a_confirmation_send_no_mail(name):
    assert emails.find_account_recipient(build_event(name), ada()) is None


@pytest.mark.parametrize(
    ("event", "gone"),
    [("user.email_change_requested", "new_email"), ("user.email_changed", "previous_email")],
)
def test_a_removed_address_gets_no_mail(event, gone):
    assert emails.find_account_recipient(build_event(event), ada(**{gone: None})) is None


@pytest.mark.parametrize("event", ABOUT_ACCOUNTS, ids=lambda event: event.type)
def test_text_and_html_have_the_same_link_if_any(event):
    email = write_email(event)

    found = [word for word in email.text.split() if word.startswith("http")]
    page = Page(email.html)
    if event.type not in WITH_LINK:
        assert (found, page.links) == ([], [])
        return
    (url,) = found
    assert url.startswith(f"{SHOP_URL}/{WITH_LINK[event.type]}?token=")
    assert page.links == [url]
    assert url in page.text  # for readers whose mail program shows no buttons


@pytest.mark.parametrize("event", MAILED, ids=lambda event: event.type)
def test_a_text_has_short_lines_and_single_blank_lines(event):
    text = write_email(event).text

    assert "\n\n\n" not in text
    assert text.startswith("Hello,\n\n")
    assert write_email(event, ada(email_verified=True)).text.startswith("Hello Ada Lovelace,\n\n")
    assert text.endswith("\n\nSouk\n")
    assert all(len(line) <= 80 for line in text.splitlines() if "http" not in line)


@pytest.mark.parametrize("name", ["user.registered", "user.duplicate_registration_attempted"])
def test_a_confirmed_address_is_not_confirmed_again(name):
    email = write_email(build_event(name), ada(email_verified=True))

    assert "confirm" not in email.text + email.html
    assert "http" not in email.text + email.html
    assert "you can ignore this" in " ".join(email.text.split())


def test_a_second_registration_points_to_login_and_reset():
    email = write_email(
        build_event("user.duplicate_registration_attempted"), ada(email_verified=True)
    )

    assert email.subject == "You have an account at Souk"
    for text in (email.text, Page(email.html).text):
        assert "log in as before" in " ".join(text.split())
        assert "forgotten" in text


def test_a_stranger_s_registration_must_not_be_confirmed():
    """Otherwise a stranger who registered the address first would keep a password to it."""
    for name in ("user.registered", "user.verification_requested"):
        email = write_email(build_event(name))

        for text in (email.text, Page(email.html).text):
            assert "do not follow the link" in " ".join(text.split())


def test_the_owner_of_a_contested_address_sets_the_password():
    email = write_email(build_event("user.duplicate_registration_attempted"))

    for text in (email.text, Page(email.html).text):
        said = " ".join(text.split())
        assert "If you want to use the account, set its password" in said
        assert "works once, within 10 minutes" in said


@pytest.mark.parametrize("event", MAILED, ids=lambda event: event.type)
def test_an_unconfirmed_address_gets_no_text_of_a_stranger(event):
    email = write_email(event, ada(name="Winner! Claim at https://evil.example"))

    assert "evil.example" not in email.subject + email.text + email.html


def test_a_reset_says_how_long_it_works_and_can_be_ignored():
    email = write_email(build_event("user.password_reset_requested"))

    assert email.subject == "Reset your password at Souk"
    for text in (email.text, Page(email.html).text):
        said = " ".join(text.split())
        assert "works once, within 10 minutes." in said
        assert "If you did not ask for this, you can ignore this message. Nothing changes." in said


@pytest.mark.parametrize(
    ("event", "subject", "what_to_do"),
    [
        (
            build_event("user.password_changed"),
            "Your password at Souk was changed",
            "reset the password at once",
        ),
        (
            build_event("user.second_factor_changed"),
            "Your second factor at Souk was turned on",
            "reset the password at once",
        ),
        (
            build_event("user.second_factor_changed", enabled=False),
            "Your second factor at Souk was turned off",
            "reset the password at once",
        ),
        (
            build_event("session.reuse_detected"),
            "We ended one of your sessions at Souk",
            "reset the password",
        ),
        (
            build_event("user.email_changed"),
            "Your account at Souk has a new address",
            "write to Souk at once, from this address",
        ),
    ],
)
def test_a_notice_says_what_happened_when_and_what_to_do(event, subject, what_to_do):
    email = write_email(event)

    assert email.subject == subject
    for text in (email.text, Page(email.html).text):
        said = " ".join(text.split())
        assert "4 November 2026, 09:07 UTC" in said
        assert what_to_do in said


def test_a_time_is_written_in_utc():
    occurred_at = OCCURRED_AT.isoformat().replace("09:07:30+00:00", "14:37:30+05:30")
    event = parse_event(
        {
            "type": "user.password_changed",
            "occurred_at": occurred_at,
            "data": {"user_id": "usr_ada"},
        }
    )

    assert "4 November 2026, 09:07 UTC" in write_email(event).text


def test_repr_shows_no_mail_and_no_link():
    event = build_event("user.password_reset_requested")
    email, link = (
        write_email(event),
        links.create_account_link(event, ada(), "ada@example.com", shop_url=SHOP_URL),
    )

    assert "token=" not in repr(email) + repr(link)
