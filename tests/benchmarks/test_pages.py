"""A page of the catalog reads the same, whatever the size of the shop."""

import pytest

from benchmarks import pages
from benchmarks.endpoint import watched
from products.handler import handler
from tests.support import shop
from tests.support.http import NOBODY, send


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("products", [5, 60])
def test_a_page_reads_no_more_in_a_larger_shop(products):
    for number in range(products):
        shop.product(f"tea-{number}", available=1)
    query = {"limit": "5"}

    with watched() as calls:
        answer = send(handler, "products.list", caller=NOBODY, query=query)

    assert len(answer.body["items"]) == 5
    reads = [call for call in calls if call.operation != "GetSecretValue"]
    assert pages.CALLS.holds(len(reads))
    assert sum(pages.items_read(call) for call in reads) == 10
