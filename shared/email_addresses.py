"""E-mail addresses, as request bodies and parameters contain them."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

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


# Google ignores dots in the local part, and has two names for one domain.
_WITHOUT_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def mailbox_of(address: str) -> str:
    """The mailbox that a normalized address probably reaches, to count mails by.

    Most providers deliver `a+tag@x` to `a@x`. Where one does not, two people share a count: so send
    nothing to this address, and show one of them nothing of the other.
    """
    local, _, domain = address.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _WITHOUT_DOTS:
        local, domain = local.replace(".", ""), _WITHOUT_DOTS[domain]
    return f"{local}@{domain}"


def require_email(address: str) -> str:
    """The normalized address of a request. Raises pydantic's error, with what is wrong."""
    try:
        return normalize_email(address)
    except ValueError as error:
        raise PydanticCustomError("invalid_email", "{reason}", {"reason": str(error)}) from error


Email = Annotated[
    str,
    Field(max_length=254, examples=["ada@example.com"], json_schema_extra={"format": "email"}),
    AfterValidator(require_email),
]
