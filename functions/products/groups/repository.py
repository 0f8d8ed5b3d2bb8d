"""Writes the groups whose variants a transaction changes, under the rules of `products.variants`.

An API call changes one product, an import changes many at once. Both write groups here.
"""

from dataclasses import field

from products import variants
from shared.records import Record
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.transactions import Condition, Otherwise, Transaction

# A group has a copy of these attributes of each of its variants.
_COPIED = ("group", "options_json", "status", "currency", "stock_policy")


class GroupChanged(Exception):
    """Somebody wrote another variant of the group since it was read. Read the group again."""


class GroupChanges(Record, frozen=False):
    """The groups that the products of one transaction leave and join. Each is written once."""

    _stored: dict[str, ProductGroup | None] = field(default_factory=dict)
    _changed: dict[str, ProductGroup] = field(default_factory=dict)

    def add(self, before: Product | None, after: Product) -> ProductGroup | None:
        """Change the groups as this product requires. Returns the group that it joins.

        One GetItem for each group that was not read before. Raises OptionsTaken, MixedCurrencies
        and GroupFull, and changes nothing then.
        """
        left = before.group if before and before.group != after.group else None
        joined = after.group if before is None or _differs_in_group(before, after) else None
        group_left = self._find(left) if left else None
        moved = variants.find_variant(group_left, after) if group_left else None
        joined_group = variants.put_variant(self._find(joined), after, moved) if joined else None
        if left and group_left:
            self._changed[left] = variants.remove_variant(group_left, after)
        if joined and joined_group:
            self._changed[joined] = joined_group
        return joined_group

    def stage(self, transaction: Transaction, *, otherwise: Otherwise) -> None:
        """Write the changed groups, or raise `otherwise` if one was written since it was read."""
        for name, group in self._changed.items():
            stored = self._stored[name]
            is_as_read: Condition = (
                ProductGroup.version == stored.version
                if stored
                else ProductGroup.group.does_not_exist()
            )
            transaction.put(group, only_if=is_as_read, otherwise=otherwise)

    def _find(self, name: str) -> ProductGroup | None:
        """The group as the transaction leaves it so far."""
        if name not in self._stored:
            self._stored[name] = ProductGroup.find(name, consistent=True)
        return self._changed.get(name) or self._stored[name]


def _differs_in_group(before: Product, after: Product) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in _COPIED)
