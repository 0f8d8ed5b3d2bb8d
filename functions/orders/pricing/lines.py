"""What is ordered: lines merged, found in the catalog, and added up. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from orders.schemas import QUANTITY_MAX, RequestedLine
from shared.errors.orders import MixedCurrencies, UnknownProducts
from shared.errors.requests import InvalidFields
from shared.storage.models.catalog import Product
from shared.storage.models.orders import OrderLine


def merged(lines: Sequence[RequestedLine]) -> dict[str, int]:
    """Quantity by product, in the order asked for; a product asked for twice is one line.

    Raises InvalidFields when the sum is more than one line may have.
    """
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[line.product_id] += line.quantity
    for product_id, quantity in quantities.items():
        if quantity > QUANTITY_MAX:
            problem = {
                "path": "body.lines",
                "code": "less_than_equal",
                "message": f"{quantity} of {product_id} in all; at most {QUANTITY_MAX}",
            }
            raise InvalidFields(problem["message"], fields=[problem])
    return dict(quantities)


def require_for_sale(quantities: Mapping[str, int], products: Mapping[str, Product]) -> str:
    """The one currency of these products. Raises UnknownProducts and MixedCurrencies."""
    for_sale = {key for key, product in products.items() if product.status == "active"}
    unknown = [product_id for product_id in quantities if product_id not in for_sale]
    if unknown:
        raise UnknownProducts("Some of these products are not for sale.", product_ids=unknown)
    currencies = sorted({product.currency for product in products.values()})
    if len(currencies) > 1:
        raise MixedCurrencies("An order has one currency.", currencies=currencies)
    return currencies[0]


def line(product: Product, quantity: int) -> OrderLine:
    """At today's price, before discounts and taxes."""
    unit_price_minor = int(product.price_minor)
    return OrderLine(
        product_id=product.product_id,
        sku=product.sku,
        name=product.name,
        quantity=quantity,
        unit_price_minor=unit_price_minor,
        line_total_minor=unit_price_minor * quantity,
        tax_class=product.tax_class,
    )
