"""The postings of a catalog entry: one for each of its tokens. Pure.

The postings of a token are one range of keys, `<token>#<weight><length>#<entry id>`, in the shard
of its first letters. A search for "tea" reads the postings of "tea" and nothing else, the best
first. A search for "tea" as a prefix reads those of "tea", "teacup" and "teapot" in turn.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Self

from products.search.terms import KEY_SEPARATOR, shard_of
from products.search.tokens import tokenize, tokenize_sku
from shared.records import Record
from shared.storage.models.catalog import Product
from shared.storage.models.listings import Posting

NAME_TOKENS_MAX, SKU_TOKENS_MAX, TAG_TOKENS_MAX = 30, 10, 20  # of one product
ENTRY_FIELDS_MAX = (100, 200, 50)  # of a group's names, SKUs and tags: each SKU should be found
NAME_LENGTH_MAX = 99  # two digits of a key


class _ProductTokens(Record):
    product: Product
    name: list[str]
    sku: list[str]
    tags: list[str]

    @classmethod
    def from_model(cls, product: Product) -> Self:
        return cls(
            product,
            _distinct(tokenize(product.name), NAME_TOKENS_MAX),
            _distinct(tokenize_sku(product.sku), SKU_TOKENS_MAX),
            _distinct(tokenize(" ".join(map(str, product.tags))), TAG_TOKENS_MAX),
        )

    @property
    def all(self) -> list[str]:
        return [*self.name, *self.sku, *self.tags]


def build_postings(entry_id: str, variants: Sequence[Product], listed: Product) -> list[Posting]:
    """All postings of an entry with these variants on sale, of which lists show `listed`.

    Each names the first variant that has the token, and `listed` comes first. At most 60 postings
    for a product alone, 350 for a group.
    """
    others = [variant for variant in variants if variant.product_id != listed.product_id]
    tokens = [_ProductTokens.from_model(product) for product in (listed, *others)]
    owners = {token: each.product for each in reversed(tokens) for token in each.all}
    fields = _merge_fields(tokens)
    text = f" {' | '.join(' '.join(field) for field in fields)} "
    length = min(len(fields[0]), NAME_LENGTH_MAX)
    return [
        Posting(
            shard_of(token),
            f"{token}{KEY_SEPARATOR}{weight}{length:02}{KEY_SEPARATOR}{entry_id}",  # see weight_in
            token=token,
            text=text,
            entry_id=entry_id,
            product_id=owners[token].product_id,
            stock_shards=owners[token].stock_shards,
            is_other_variant=owners[token].product_id != listed.product_id,
        )
        for weight, field in enumerate(fields)
        for token in field
    ]


def weight_in(posting: str, token: str) -> int:
    """The weight in a posting's key: 0 for the name, 1 for the SKU, 2 for tags."""
    return int(posting[len(token) + len(KEY_SEPARATOR)])


def _merge_fields(tokens: Sequence[_ProductTokens]) -> list[list[str]]:
    """The tokens of all names, SKUs and tags; each token once, where it has the best weight."""
    names = [token for each in tokens for token in each.name]
    whole_skus = [token for each in tokens for token in each.sku[:1]]
    sku_parts = [token for each in tokens for token in each.sku[1:]]
    tags = [token for each in tokens for token in each.tags]
    fields: list[list[str]] = []
    seen: set[str] = set()
    candidates = (names, whole_skus + sku_parts, tags)
    for field, limit in zip(candidates, ENTRY_FIELDS_MAX, strict=True):
        fields.append(_distinct((token for token in field if token not in seen), limit))
        seen.update(fields[-1])
    return fields


def _distinct(tokens: Iterable[str], limit: int) -> list[str]:
    return list(islice(dict.fromkeys(tokens), limit))
