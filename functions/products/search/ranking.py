"""The order of search results. Pure."""

from dataclasses import dataclass
from typing import Any, Self

from products.search.postings import NAME_LENGTH_MAX, weight_in
from products.search.terms import SearchQuery, Term

Rank = tuple[int, int, int, str]  # the lowest is the best


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search needs of a posting."""

    token: str
    weight: int  # 0 in the name, 1 in the SKU, 2 in a tag
    text: str
    entry_id: str
    product_id: str
    stock_shards: int
    is_other_variant: bool = False  # than the one that lists show

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> Self:
        """From DynamoDB's JSON: for a thousand items, pynamodb would take as long as the Query."""
        token = item["token"]["S"]
        return cls(
            token=token,
            weight=weight_in(item["posting"]["S"], token),
            text=item["text"]["S"],
            entry_id=item["entry_id"]["S"],
            product_id=item["product_id"]["S"],
            stock_shards=int(item["stock_shards"]["N"]),
            is_other_variant=item["is_other_variant"]["BOOL"],
        )

    def is_first_match(self, term: Term) -> bool:
        """Whether no other token of the entry precedes this one in the term's range of keys.

        Only the first match counts. So an entry is found once, in however many pieces a range of
        keys is read.
        """
        return not term.is_prefix or self.token == min(filter(term.matches, self.text.split()))


def rank(hit: Hit, query: SearchQuery) -> Rank:
    """Whole words rank before prefixes; the name before the SKU and tags; short names before long.

    The entry's id makes it a total order. For one whole word it is the order of the postings' keys.
    """
    fields = [field.split() for field in hit.text.split("|")]
    weights = sum(_best_weight(term, fields) for term in query.terms)
    has_prefix_match = any(
        term.is_prefix and f" {term.token} " not in hit.text for term in query.terms
    )
    return int(has_prefix_match), weights, min(len(fields[0]), NAME_LENGTH_MAX), hit.entry_id


def _best_weight(term: Term, fields: list[list[str]]) -> int:
    return min(weight for weight, tokens in enumerate(fields) if any(map(term.matches, tokens)))
