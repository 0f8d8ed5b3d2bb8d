"""What an order costs: lines merged, priced from the catalog, and added up. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from orders.schemas import QUANTITY_MAX, RequestedLine
from shared.errors import AmountTooLarge, InvalidFields, MixedCurrencies, UnknownProducts
from shared.models import OrderLine, OrderTotals, Product
from shared.money import AMOUNT_MINOR_MAX

Priced = tuple[list[OrderLine], OrderTotals, str]


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


def price(quantities: Mapping[str, int], products: Mapping[str, Product]) -> Priced:
    """The lines with today's prices, their totals, and the currency of both.

    Raises UnknownProducts, MixedCurrencies or AmountTooLarge.
    """
    for_sale = {key for key, product in products.items() if product.status == "active"}
    unknown = [product_id for product_id in quantities if product_id not in for_sale]
    if unknown:
        raise UnknownProducts("Some of these products are not for sale.", product_ids=unknown)
    currencies = sorted({product.currency for product in products.values()})
    if len(currencies) > 1:
        raise MixedCurrencies("An order has one currency.", currencies=currencies)
    lines = [_line(products[product_id], quantity) for product_id, quantity in quantities.items()]
    items_minor = sum(int(line.line_total_minor) for line in lines)
    if items_minor > AMOUNT_MINOR_MAX:
        raise AmountTooLarge(
            "This order is too large to be real.", amount_minor_max=AMOUNT_MINOR_MAX
        )
    return lines, _totals(items_minor), currencies[0]


def _line(product: Product, quantity: int) -> OrderLine:
    unit_price_minor = int(product.price_minor)
    return OrderLine(
        product_id=product.product_id,
        sku=product.sku,
        name=product.name,
        quantity=quantity,
        unit_price_minor=unit_price_minor,
        line_total_minor=unit_price_minor * quantity,
    )


def _totals(items_minor: int) -> OrderTotals:
    """No discounts, shipping charges or taxes yet: what the items cost is what is owed."""
    return OrderTotals(
        items_minor=items_minor,
        discount_minor=0,
        shipping_minor=0,
        tax_minor=0,
        total_minor=items_minor,
    )
