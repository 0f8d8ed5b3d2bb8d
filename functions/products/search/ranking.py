"""Which of two units answers a query better. Pure."""

from dataclasses import dataclass

from products.search.words import LENGTH_MAX, Asked, Term

Rank = tuple[int, int, int, str]  # the lowest is the best


@dataclass(frozen=True, slots=True)
class Said:
    """What a search needs of a posting."""

    word: str
    weight: int  # 0 in the name, 1 in the SKU, 2 in a tag
    text: str
    unit: str
    product_id: str
    stock_shards: int
    is_of_one: bool = False  # of this variant, and not of the one that lists show

    def is_first_in(self, term: Term) -> bool:
        """Whether no other word of its unit comes before it in the term's range of keys.

        Only that one counts. So a unit is found once, in however many pieces a range is read.
        """
        return not term.is_prefix or self.word == min(filter(term.means, self.text.split()))


def rank(said: Said, asked: Asked) -> Rank:
    """Whole words before such as go on; words of the name, then the SKU, then tags; short names.

    The unit makes it a total order. For one whole word, it is the order of its postings' keys.
    """
    fields = [field.split() for field in said.text.split("|")]
    weights = sum(_weight(term, fields) for term in asked.terms)
    goes_on = any(term.is_prefix and f" {term.word} " not in said.text for term in asked.terms)
    return int(goes_on), weights, min(len(fields[0]), LENGTH_MAX), said.unit


def _weight(term: Term, fields: list[list[str]]) -> int:
    return min(weight for weight, words in enumerate(fields) if any(map(term.means, words)))
