"""Variants: products that share a group and differ in their options. Pure."""

from collections.abc import Sequence

from shared.errors.catalog import GroupFull, OptionsTaken
from shared.errors.orders import MixedCurrencies
from shared.storage.models.catalog import Product, ProductGroup, Variant

VARIANTS_MAX = 100  # one item holds them, and one BatchGetItem reads their products


def find_variant(group: ProductGroup, product: Product) -> Variant | None:
    return next(
        (variant for variant in group.variants if variant.product_id == product.product_id), None
    )


def put_variant(
    group: ProductGroup | None, product: Product, moved: Variant | None = None
) -> ProductGroup:
    """The group with this version of the product. Variants keep the order in which they joined.

    `moved` is the product's entry in the group that it leaves. Raises OptionsTaken,
    MixedCurrencies and GroupFull.
    """
    variants: list[Variant] = list(group.variants) if group else []
    variant = Variant(
        product_id=product.product_id,
        sku=product.sku,
        options_json=product.options_json,
        status=product.status,
        currency=product.currency,
        stock_policy=product.stock_policy,
    )
    variant.keep_unknown_of(moved or (find_variant(group, product) if group else None))
    others = [other for other in variants if other.product_id != product.product_id]
    _refuse_conflict(variant, others, product)
    product_ids = [other.product_id for other in variants]
    if product.product_id in product_ids:
        variants[product_ids.index(product.product_id)] = variant
    elif len(variants) == VARIANTS_MAX:
        raise GroupFull(
            f"A group has at most {VARIANTS_MAX} variants. Choose another group.",
            group=product.group,
            variants_max=VARIANTS_MAX,
        )
    else:
        variants.append(variant)
    return _next_version(str(product.group), group, variants)


def remove_variant(group: ProductGroup, product: Product) -> ProductGroup:
    """The group without the product."""
    others = [other for other in group.variants if other.product_id != product.product_id]
    return _next_version(group.group, group, others)


def _refuse_conflict(variant: Variant, others: Sequence[Variant], product: Product) -> None:
    for other in others:
        conflict = {"group": product.group, "product_id": other.product_id, "sku": other.sku}
        if other.options_json == variant.options_json:
            archived = "archived variant" if other.status == "archived" else "variant"
            raise OptionsTaken(
                f"The {archived} {other.sku} of the group has these options. Choose other options.",
                **conflict,
            )
        if other.currency != variant.currency:
            currencies = sorted({other.currency, variant.currency})
            raise MixedCurrencies(
                f"All variants of a group have one currency. Set the price in {other.currency}.",
                currencies=currencies,
                **conflict,
            )


def _next_version(
    name: str, before: ProductGroup | None, variants: Sequence[Variant]
) -> ProductGroup:
    group = ProductGroup(
        name, variants=list(variants), version=int(before.version) + 1 if before else 1
    )
    group.keep_unknown_of(before)
    return group
