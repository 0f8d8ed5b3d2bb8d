"""What the libraries log when a stack is run at DEBUG: nothing that a request or a reply holds."""

import json
import logging

import pytest

from shared.aws import client
from shared.security.key_rings import key_ring
from tests.support import shop

pytestmark = pytest.mark.usefixtures("aws")


def test_not_even_at_debug_does_a_library_log_what_it_sends_or_is_sent(caplog):
    caplog.set_level(logging.DEBUG)  # as Lambda sets the root logger
    ring = {"current": "k1", "k1": "canary-key".ljust(64, "x")}
    client("secretsmanager").create_secret(Name="canary", SecretString=json.dumps(ring))

    key_ring("canary")
    shop.login("canary@example.com", user_id="usr_canary", password_hash="canary-hash").save()
    logging.getLogger("someone").debug("the level is set")

    assert "the level is set" in caplog.text
    assert "canary" not in caplog.text
