"""The one way to change the pictures of a product.

They have a version of their own, so neither a new description nor a new price meets a picture that
becomes ready at that moment.
"""

from collections.abc import Callable

from shared import clock
from shared.errors.catalog import ProductNotFound
from shared.events.catalog import ProductUpdated, ProductUpdatedData
from shared.http.etags import ExpectedVersion, stale_version
from shared.pictures.lists import READY, Pictures, pictures_of
from shared.retries import retry_on_stale_version
from shared.storage import outbox
from shared.storage.models.catalog import Picture, Product
from shared.storage.transactions import Transaction

Change = Callable[[list[Picture]], list[Picture]]
ANY_VERSION = ExpectedVersion(None)


def get_product(product_id: str) -> Product:
    """The current product. Raises ProductNotFound."""
    product = Product.find(product_id, consistent=True)
    if product is None:
        raise ProductNotFound
    return product


def change_pictures(
    product_id: str,
    change: Change,
    expected: ExpectedVersion = ANY_VERSION,
    *,
    stage_more: Callable[[Transaction], None] | None = None,
) -> Product:
    """The product with the pictures that `change` returns. It is called again after a conflict.

    An event says so if shoppers see other pictures. `stage_more` adds writes to the transaction,
    which is then written in any case. Raises ProductNotFound, StaleVersion and
    ConcurrentModification, and what `change` and `stage_more` raise.
    """

    def change_once() -> Product:
        product = get_product(product_id)
        before = pictures_of(product)
        version = int(product.pictures_version or 0)
        expected.check(version)
        after = change(before)
        transaction = Transaction()
        if after != before:
            _stage(transaction, product, after, version)
        if stage_more:
            stage_more(transaction)
        if len(transaction):
            transaction.commit()
        return product

    return retry_on_stale_version(change_once, expected)


def _stage(transaction: Transaction, product: Product, after: list[Picture], version: int) -> None:
    """Add the write to the transaction, and make `product` what it stores."""
    is_visible = _visible(product.pictures or ()) != _visible(after)
    is_as_read = (
        Product.pictures_version == version
        if version
        else Product.pictures_version.does_not_exist()
    )
    product.pictures, product.pictures_version = after, version + 1
    actions = [Product.pictures.set(after), Product.pictures_version.set(version + 1)]
    if is_visible:
        product.updated_at = clock.utc_now()
        actions.append(Product.updated_at.set(product.updated_at))
        outbox.stage_event(transaction, _event(product))
    transaction.update(
        Product(product.product_id),
        actions,
        only_if=Product.product_id.exists() & is_as_read,
        otherwise=stale_version(version),
    )


def _visible(pictures: Pictures) -> list[tuple[object, ...]]:
    return [
        (picture.picture_id, picture.digest, picture.alt)
        for picture in pictures
        if picture.status == READY
    ]


def _event(product: Product) -> ProductUpdated:
    return ProductUpdated(
        data=ProductUpdatedData(
            product_id=product.product_id,
            sku=product.sku,
            group=product.group,
            changed=["pictures"],
        )
    )
