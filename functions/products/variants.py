"""Variants: products that share a group and differ in their options. Pure."""

from collections.abc import Sequence

from shared.errors.catalog import GroupFull, OptionsTaken
from shared.errors.orders import MixedCurrencies
from shared.storage.models.catalog import Product, ProductGroup, Variant

VARIANTS_MAX = 100  # one item holds them, and one BatchGetItem their products


def with_member(group: ProductGroup | None, product: Product) -> ProductGroup:
    """The group once the product is in it as it is now. Raises OptionsTaken, MixedCurrencies and
    GroupFull.

    The order in which they came is kept.
    """
    variants: list[Variant] = list(group.variants) if group else []
    ours = Variant(
        product_id=product.product_id,
        sku=product.sku,
        options_json=product.options_json,
        status=product.status,
        currency=product.currency,
    )
    _refuse_unfit(ours, [it for it in variants if it.product_id != product.product_id], product)
    known = [variant.product_id for variant in variants]
    if product.product_id in known:
        variants[known.index(product.product_id)] = ours
    elif len(variants) == VARIANTS_MAX:
        raise GroupFull(
            f"A group has at most {VARIANTS_MAX} products.",
            group=product.group,
            variants_max=VARIANTS_MAX,
        )
    else:
        variants.append(ours)
    return _next(str(product.group), group, variants)


def _refuse_unfit(ours: Variant, others: Sequence[Variant], product: Product) -> None:
    for other in others:
        about = {"group": product.group, "product_id": other.product_id, "sku": other.sku}
        if other.options_json == ours.options_json:
            archived = " It is archived, and keeps them." if other.status == "archived" else ""
            raise OptionsTaken(
                f"Another product of the group has these options.{archived}", **about
            )
        if other.currency != ours.currency:
            currencies = sorted({other.currency, ours.currency})
            raise MixedCurrencies(
                "The products of a group have one currency: lists show the cheapest.",
                currencies=currencies,
                **about,
            )


def without_member(group: ProductGroup, product: Product) -> ProductGroup:
    variants = [it for it in group.variants if it.product_id != product.product_id]
    return _next(group.group, group, variants)


def _next(name: str, before: ProductGroup | None, variants: Sequence[Variant]) -> ProductGroup:
    version = int(before.version) + 1 if before else 1
    return ProductGroup(name, variants=list(variants), version=version)
