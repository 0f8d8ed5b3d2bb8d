"""Pure: which addresses count as one mailbox."""

import pytest

from shared.email_addresses import mailbox_of, normalize_email
from tests.attacks.mail_floods import GOOGLE_VARIANTS, OTHERS, VARIANTS, VICTIM


@pytest.mark.parametrize("address", VARIANTS)
def test_spellings_and_tags_are_one_mailbox(address):
    assert mailbox_of(normalize_email(address)) == VICTIM


@pytest.mark.parametrize("address", GOOGLE_VARIANTS)
def test_google_ignores_dots_and_has_two_domains(address):
    assert mailbox_of(normalize_email(address)) == "somevictim@gmail.com"


@pytest.mark.parametrize("address", [*OTHERS, "a.b@example.com", "a-b@example.com"])
def test_another_local_part_or_domain_is_another_mailbox(address):
    assert mailbox_of(address) == address


@pytest.mark.parametrize("address", ["+tag@example.com", "++@example.com"])
def test_a_local_part_of_tags_alone_is_kept(address):
    assert mailbox_of(address) == address
