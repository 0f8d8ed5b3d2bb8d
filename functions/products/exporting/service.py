"""Export of products with their stock, as an import reads them."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Self

from products.categories.paths import name_of
from products.exporting import repository
from products.picture_views import ready_pictures
from products.repository import StockedProduct
from products.schemas import to_request
from shared.records import Record
from shared.storage.models.catalog import UNTRACKED, ProductGroup


class ExportedPicture(Record):
    """A picture that shoppers see, as the API takes it."""

    url: str  # of its largest size
    alt: str | None


class ExportedProduct(Record):
    """A product as the API takes it, its units for sale, and its pictures."""

    product_id: str
    created: str  # sorts by the time of creation, then by the id
    fields: dict[str, Any]  # the NewProduct, as JSON, that would create it
    available: int | None  # None: the stock is not counted, so an import must not count it
    pictures: tuple[ExportedPicture, ...] = ()

    @property
    def group(self) -> str | None:
        group: str | None = self.fields["group"]
        return group

    @classmethod
    def from_stored(cls, stored: StockedProduct) -> Self:
        product = stored.product
        is_counted = product.stock_policy != UNTRACKED
        return cls(
            product_id=product.product_id,
            created=str(product.listed_at),
            fields=to_request(product),
            available=stored.stock.available if is_counted else None,
            pictures=tuple(
                ExportedPicture(picture.sizes[-1].url, picture.alt)
                for picture in ready_pictures(product)
            ),
        )


class CategoryNames:
    """The names of the categories, as they are when it is made. Raises Unavailable."""

    def __init__(self) -> None:
        self._tree = repository.get_category_tree()

    def of(self, path: str | None) -> list[str]:
        """From the top down to the category. One that does not exist yet has its future name."""
        known = self._tree.categories
        steps = self._tree.ancestors_of(path) if path else []
        return [str(known[step].name) if step in known else name_of(step) for step in steps]


def list_product_batches(statuses: Collection[str]) -> Iterator[list[ExportedProduct]]:
    """Iterate over the products with these statuses, up to 100 at a time, by time of creation.

    Raises Unavailable.
    """
    for batch in repository.list_product_batches(statuses):
        yield [ExportedProduct.from_stored(stored) for stored in batch]


def list_group_batches(statuses: Collection[str]) -> Iterator[list[list[ExportedProduct]]]:
    """The same products with the variants of each group together, where its first one comes.

    A product without a group is alone. Of a group, only the variants with these statuses. For each
    batch one more BatchGetItem, and one or two for each group that is not whole in it. Raises
    Unavailable.
    """
    taken_ahead: set[str] = set()  # variants whose own place is still to come
    for batch in list_product_batches(statuses):
        in_batch = {product.product_id: product for product in batch}
        due = [product for product in batch if product.product_id not in taken_ahead]
        groups = repository.find_groups({each.group for each in due if each.group})
        together: list[list[ExportedProduct]] = []
        for product in due:
            if product.product_id in taken_ahead:
                continue
            later = _find_later_variants(product, groups.get(product.group or ""), in_batch)
            variants = [each for each in later if each.fields["status"] in statuses]
            together.append([product, *variants])
            taken_ahead.update(variant.product_id for variant in variants)
        yield together
        taken_ahead.difference_update(in_batch)


def _find_later_variants(
    first: ExportedProduct, group: ProductGroup | None, known: Mapping[str, ExportedProduct]
) -> list[ExportedProduct]:
    """The other variants of its group, by time of creation: earlier ones had their turn."""
    ids = [variant.product_id for variant in group.variants] if group else []
    missing = [product_id for product_id in ids if product_id not in known]
    found = [known[product_id] for product_id in ids if product_id in known]
    if missing:
        found += map(ExportedProduct.from_stored, repository.find_products(missing))
    later = [each for each in found if each.group == first.group and each.created > first.created]
    return sorted(later, key=lambda variant: variant.created)
