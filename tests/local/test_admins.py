"""Making an admin; tests/e2e does it to the local stack."""

import pytest

from local import admins
from local.admins import make_admin
from local.targets import OperationFailed
from tests.local import shops

pytestmark = pytest.mark.usefixtures("aws")


def test_who_is_to_be_admin_must_be_said():
    with pytest.raises(OperationFailed, match="EMAIL="):
        make_admin(shops.shop(), "")


def test_an_address_without_an_account_has_to_register_first(monkeypatch):
    monkeypatch.setattr(admins, "work_in", lambda _: None)  # the tests' process stays one

    with pytest.raises(OperationFailed, match="register it first"):
        make_admin(shops.shop(), "nobody@example.com")
