"""Addresses of one victim that a stranger types in, to fill the mailbox with the shop's mails."""

from tests.attacks.attack import Attack, json_body

VICTIM = "victim@example.com"
# All reach the victim's mailbox, or probably do.
VARIANTS = (
    VICTIM,
    "Victim@example.com",
    "VICTIM@EXAMPLE.COM",
    "victim+1@example.com",
    "victim+shop.news@example.com",
    "Victim+2+3@Example.com",
)
# Google ignores dots, and has two domains.
GOOGLE_VARIANTS = (
    "some.victim@gmail.com",
    "somevictim@gmail.com",
    "s.o.m.e.victim@gmail.com",
    "Some.Victim+9@GoogleMail.com",
)
# Others' mailboxes, which keep their own turns.
OTHERS = ("victim@example.org", "victim2@example.com", "vic.tim@example.com")

ATTACKS = [
    Attack(
        f"link to {address}",
        "POST",
        "/v1/auth/verify-email/resend",
        status=(202, 204, 429),
        body=json_body({"email": address}),
    )
    for address in (*VARIANTS, *GOOGLE_VARIANTS)
]
