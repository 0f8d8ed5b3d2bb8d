"""Addresses of mailboxes, as a body or a parameter may have them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.config import Runtime, settings


def normalize_email(address: str) -> str:
    """One spelling for each mailbox: lower case throughout, the domain in its Unicode form.

    RFC 5321 lets the local part be case-sensitive; no provider uses that, and two accounts that
    differ by a capital letter are a support case. Raises ValueError.
    """
    # Not at the top: it would be an eighth of each cold start of functions that rarely need it.
    import email_validator  # noqa: PLC0415

    checked = email_validator.validate_email(
        address,
        allow_smtputf8=False,  # SES takes no other than ASCII before the @: no mail would arrive
        check_deliverability=False,  # a DNS query would tell an attacker's name server
        globally_deliverable=settings(Runtime).environment != "local",  # there, .test will do
    )
    return checked.normalized.lower()


Email = Annotated[
    str, Field(max_length=254, examples=["ada@example.com"]), AfterValidator(normalize_email)
]
