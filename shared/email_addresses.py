"""E-mail addresses, as request bodies and parameters contain them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.config import Runtime, settings


def normalize_email(address: str) -> str:
    """One spelling for each mailbox: lower case, the domain in Unicode. Raises ValueError.

    RFC 5321 allows a case-sensitive local part, but no provider uses that, and two accounts that
    differ by a capital letter confuse their owners and support.
    """
    # Imported here because few requests need it, and it takes an eighth of a cold start.
    import email_validator  # noqa: PLC0415

    checked = email_validator.validate_email(
        address,
        allow_smtputf8=False,  # SES delivers only to ASCII local parts
        strict=True,  # a local part of at most 64 characters (RFC 5321, 4.5.3.1.1)
        check_deliverability=False,  # a DNS query would notify an attacker's name server
        globally_deliverable=settings(Runtime).environment != "local",  # a laptop may use .test
    )
    return checked.normalized.lower()


Email = Annotated[
    str,
    Field(max_length=254, examples=["ada@example.com"], json_schema_extra={"format": "email"}),
    AfterValidator(normalize_email),
]
