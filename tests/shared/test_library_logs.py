"""Libraries log nothing of a request or a reply, even when the stack runs at DEBUG."""

import json
import logging

import pytest

from shared.aws import client
from shared.security.key_rings import key_ring
from tests.support import shop

pytestmark = pytest.mark.usefixtures("aws")


def test_libraries_log_no_requests_and_replies_at_debug(caplog):
    caplog.set_level(logging.DEBUG)  # Lambda configures the root logger in the same way
    ring = {"current": "k1", "k1": "canary-key".ljust(64, "x")}
    client("secretsmanager").create_secret(Name="canary", SecretString=json.dumps(ring))

    key_ring("canary")
    shop.login("canary@example.com", user_id="usr_canary", password_hash="canary-hash").save()
    logging.getLogger("someone").debug("the level is set")

    assert "the level is set" in caplog.text
    assert "canary" not in caplog.text
