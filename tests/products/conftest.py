from collections.abc import Callable

import pytest

from products.stock import repository


@pytest.fixture
def after_reading(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Lets something happen between a service's first read of the stock and its write."""

    def let_happen(act: Callable[[], object]) -> None:
        real, turns = repository.get_stocked_product, iter([True])

        def read_and_be_overtaken(product_id):
            found = real(product_id)
            if next(turns, False):
                act()
            return found

        monkeypatch.setattr(repository, "get_stocked_product", read_and_be_overtaken)

    return let_happen
