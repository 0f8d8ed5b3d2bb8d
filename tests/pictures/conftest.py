import pytest

from tests.support import pictures


@pytest.fixture
def queue(aws: None) -> str:  # noqa: ARG001 (it needs the account)
    """The address of the queue of pictures, in a new account."""
    return pictures.create_queue()
