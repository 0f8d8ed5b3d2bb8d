"""The people who order in these tests have accounts: no order is placed without one."""

import pytest

from shared.storage.models.accounts import User
from tests.support import moto_snapshots, shop
from tests.support.http import ADA, ADMIN, BOB, STAFF


@pytest.fixture(autouse=True)
def accounts(request: pytest.FixtureRequest) -> None:
    """Stored only for tests that use an AWS account."""
    if "aws" in request.fixturenames:
        request.getfixturevalue("aws")
        moto_snapshots.fill_table(User.Meta.table_name, _store_accounts)


def _store_accounts() -> None:
    with User.batch_write() as batch:  # one call instead of four
        for person in (ADA, BOB, STAFF, ADMIN):
            batch.save(shop.new_user(person.user_id, roles=set(person.roles.split())))
