"""The order of search results. Pure."""

from typing import Any, Self

from products.search.postings import SECTION_SEPARATOR, WEIGHTS, length_of, weight_in
from products.search.terms import SearchQuery, Term
from products.search.tokens import tokens_of
from shared.records import Record

Rank = tuple[int, int, int, str]  # the lowest is the best


class Hit(Record):
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
        if term.is_one_token:
            return True
        tokens = (token for piece in self.text.split() for token in tokens_of(piece))
        return self.token == min(token for token in tokens if token.startswith(term.token))


def rank(hit: Hit, query: SearchQuery) -> Rank:
    """Whole words rank before prefixes; the name before the SKU and tags; short names before long.

    The entry's id makes it a total order. For one whole word it is the order of the postings' keys.
    """
    fields = [field.split() for field in hit.text.split(SECTION_SEPARATOR)]
    weights = sum(_best_weight(term, fields) for term in query.terms)
    has_prefix_match = any(
        term.is_prefix and f" {term.token} " not in hit.text for term in query.terms
    )
    return int(has_prefix_match), weights, length_of(fields[0]), hit.entry_id


def _best_weight(term: Term, fields: list[list[str]]) -> int:
    return min(at % WEIGHTS for at, pieces in enumerate(fields) if any(map(term.matches, pieces)))
