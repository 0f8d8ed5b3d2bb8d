"""The postings of a catalog entry: one for each of its tokens. Pure.

The postings of a token are one range of keys, `<token>#<weight><length>#<entry id>`, in the shard
of its first letters. A search for "tea" reads the postings of "tea" and nothing else, the best
first. A search for "tea" as a prefix reads those of "tea", "teacup" and "teapot" in turn.
"""

from collections.abc import Iterable, Sequence
from typing import Self

from products.search.folding import is_run
from products.search.terms import KEY_SEPARATOR, shard_of
from products.search.tokens import Tokens, tokens_of
from shared.records import Record
from shared.storage.models.catalog import Product
from shared.storage.models.listings import Posting

NAME_TOKENS_MAX, SKU_TOKENS_MAX, TAG_TOKENS_MAX = 60, 15, 25  # of one product
ENTRY_FIELDS_MAX = (100, 200, 50)  # of a group's names, SKUs and tags: each SKU should be found
RUN_CHARACTERS_MAX = 1_000  # of an entry's names, SKUs or tags: each of its postings has them all
NAME_LENGTH_MAX = 99  # two digits of a key
WEIGHTS = 3  # 0: the name, 1: the SKU, 2: the tags
SECTION_SEPARATOR = "|"  # of a posting's text: the words by weight, then the derived ones


class _Field(Record):
    """The names, SKUs or tags of an entry: words and runs, and the tokens derived from them."""

    words: list[str]
    derived: list[str]

    @classmethod
    def merge(cls, tokens: Iterable[Tokens | Self], room: int, seen: set[str]) -> Self:
        """Each token once, and not those that are `seen`, which grows. Words come first."""
        fields = list(tokens)
        seen_before = len(seen)
        words = _take((word for field in fields for word in field.words), room, seen)
        room -= len(seen) - seen_before
        return cls(words, _take((token for field in fields for token in field.derived), room, seen))

    @property
    def tokens(self) -> list[str]:
        pieces = [*self.words, *self.derived]
        return list(dict.fromkeys(token for piece in pieces for token in tokens_of(piece)))


class _ProductTokens(Record):
    product: Product
    fields: tuple[_Field, _Field, _Field]

    @classmethod
    def from_model(cls, product: Product) -> Self:
        name, sku = Tokens.from_text(product.name), Tokens.from_sku(product.sku)
        tags = [Tokens.from_text(str(tag)) for tag in product.tags]
        return cls(
            product,
            (
                _Field.merge([name], NAME_TOKENS_MAX, set()),
                _Field.merge([sku], SKU_TOKENS_MAX, set()),
                _Field.merge(tags, TAG_TOKENS_MAX, set()),
            ),
        )


def build_postings(entry_id: str, variants: Sequence[Product], listed: Product) -> list[Posting]:
    """All postings of an entry with these variants on sale, of which lists show `listed`.

    Each names the first variant that has the token, and `listed` comes first. At most 100 postings
    for a product alone, 350 for a group.
    """
    others = [variant for variant in variants if variant.product_id != listed.product_id]
    tokens = [_ProductTokens.from_model(product) for product in (listed, *others)]
    owners = {
        token: each.product
        for each in reversed(tokens)
        for field in each.fields
        for token in field.tokens
    }
    seen: set[str] = set()
    fields = [
        _Field.merge([each.fields[weight] for each in tokens], room, seen)
        for weight, room in enumerate(ENTRY_FIELDS_MAX)
    ]
    sections = [*(field.words for field in fields), *(field.derived for field in fields)]
    while len(sections) > WEIGHTS and not sections[-1]:
        sections.pop()  # each posting of an entry has its text
    text = f" {f' {SECTION_SEPARATOR} '.join(' '.join(section) for section in sections)} "
    length = length_of(fields[0].words)
    weights: dict[str, int] = {}
    for weight, field in enumerate(fields):
        weights |= {token: weight for token in field.tokens if token not in weights}
    return [
        Posting(
            shard_of(token),
            f"{token}{KEY_SEPARATOR}{weight}{length:02}{KEY_SEPARATOR}{entry_id}",  # see weight_in
            token=token,
            text=text,
            entry_id=entry_id,
            product_id=owner.product_id,
            stock_shards=owner.stock_shards,
            is_other_variant=owner.product_id != listed.product_id,
        )
        for token, weight in weights.items()
        for owner in [owners.get(token, listed)]  # a run that was cut again has another end
    ]


def weight_in(posting: str, token: str) -> int:
    """The weight in a posting's key: 0 for the name, 1 for the SKU, 2 for tags."""
    return int(posting[len(token) + len(KEY_SEPARATOR)])


def length_of(words: Iterable[str]) -> int:
    """How long a name is, by which results are ranked. Two characters of a run are about a word."""
    length = sum((len(word) + 1) // 2 if is_run(word) else 1 for word in words)
    return min(length, NAME_LENGTH_MAX)


def _take(pieces: Iterable[str], room: int, seen: set[str]) -> list[str]:
    """The words that are new, and the runs, while there is room for their tokens. A run is cut."""
    taken: list[str] = []
    characters = RUN_CHARACTERS_MAX
    for piece in dict.fromkeys(pieces):
        if room <= 0:
            break
        fitting = piece[: min(room, characters)] if is_run(piece) else piece
        new = set(tokens_of(fitting)) - seen
        if fitting and (new or is_run(fitting)):
            taken.append(fitting)
            seen |= new
            room -= len(new)
            characters -= len(fitting) * is_run(fitting)
    return taken
