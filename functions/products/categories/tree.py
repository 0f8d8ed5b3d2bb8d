"""The tree of categories: what is above and below each, and what an edit makes of it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Self

from products.categories.paths import category_id, name_of
from shared.catalog_names import CATEGORY_DEPTH_MAX
from shared.records import Record
from shared.storage.models.categories import Category

CATEGORIES_MAX = 900  # one answer has them all, with names of emoji, in less than 1 MB


class CategoryTree(Record):
    """All categories at a version, in the order in which the shop shows them.

    Each method that edits returns another tree. A path that no category has is where it would be
    if it were created by itself: below the next category on the path.
    """

    version: int = 0  # 0: nothing is stored yet
    categories: Mapping[str, Category] = field(default_factory=dict)  # by path
    moves: int = 0  # grows when a category gets another parent, or is deleted

    @classmethod
    def from_stored(cls, ids: Sequence[str], stored: Iterable[Category], **more: int) -> Self:
        ranks = {id_: rank for rank, id_ in enumerate(ids)}
        found = sorted(
            stored,
            key=lambda category: (ranks.get(category_id(category.path), len(ranks)), category.path),
        )
        return cls(categories={category.path: category for category in found}, **more)

    @property
    def ids(self) -> list[str]:
        return [category_id(path) for path in self.categories]

    def is_moved_since(self, before: Self) -> bool:
        """Whether a category that was there has another parent now, or is gone."""
        return any(
            path not in self.categories or self.categories[path].parent != category.parent
            for path, category in before.categories.items()
        )

    def find(self, id_: str) -> Category | None:
        for path, category in self.categories.items():
            if category_id(path) == id_:
                return category
        return None

    def parent_of(self, path: str) -> str | None:
        if category := self.categories.get(path):
            return category.parent
        return path.rpartition("/")[0] or None

    def ancestors_of(self, path: str) -> list[str]:
        """The categories that list the products of this path: from the top down to itself."""
        found: dict[str, None] = {}  # no loop can be endless, whatever is stored
        step: str | None = path
        while step and step not in found:
            found[step] = None
            step = self.parent_of(step)
        return list(found)[::-1]

    def children_of(self, parent: str | None) -> list[Category]:
        return [category for category in self.categories.values() if category.parent == parent]

    def depth_of(self, parent: str | None) -> int:
        """How many levels there are down to this category; 0 above the top."""
        return len(self.ancestors_of(parent)) if parent else 0

    def height_of(self, path: str) -> int:
        """How many levels this category has with what is below it: 1 if nothing is."""
        depth = self.depth_of(path)
        below = (steps for steps in map(self.ancestors_of, self.categories) if path in steps)
        return max(map(len, below), default=depth) - depth + 1

    def walk(self) -> Iterator[tuple[Category, int, int]]:
        """Each category with its depth and its position below its parent, parents first."""
        children: dict[str | None, list[Category]] = {}
        for category in self.categories.values():
            known = category.parent if category.parent in self.categories else None
            children.setdefault(known, []).append(category)
        waiting = [(category, 1, at) for at, category in enumerate(children.get(None, []))][::-1]
        while waiting:
            category, depth, position = waiting.pop()
            yield category, depth, position
            below = enumerate(children.get(category.path, []))
            waiting += [(child, depth + 1, at) for at, child in below][::-1]

    def put(self, category: Category, position: int | None = None) -> Self:
        """With this category, new or changed, at a position below its parent.

        Without a position, or with one after the end, it is the last; one that keeps its parent
        stays where it is.
        """
        before = self.categories.get(category.path)
        if before and before.parent == category.parent and position is None:
            return self.replace(categories={**self.categories, category.path: category})
        others = [each for path, each in self.categories.items() if path != category.path]
        neighbours = [each for each in others if each.parent == category.parent]
        is_last = position is None or position >= len(neighbours)
        at = len(others) if is_last else others.index(neighbours[position or 0])
        ordered = [*others[:at], category, *others[at:]]
        return self.replace(categories={each.path: each for each in ordered})

    def without(self, path: str) -> Self:
        left = {key: category for key, category in self.categories.items() if key != path}
        return self.replace(categories=left)

    def with_missing(self, paths: Iterable[str], now: datetime) -> Self:
        """With a category for each path, and for those above it, as far as there is room."""
        tree = self
        for path in sorted({step for used in paths for step in self.ancestors_of(used)}):
            if path in tree.categories or len(tree.categories) >= CATEGORIES_MAX:
                continue
            # A parent that was moved deep has room for no level below it.
            above = tree.ancestors_of(path)[:-1][: CATEGORY_DEPTH_MAX - 1]
            parent = above[-1] if above else None
            tree = tree.put(new_category(path, name_of(path), parent, now))
        return tree


NO_CATEGORIES = CategoryTree()


def new_category(path: str, name: str, parent: str | None, now: datetime, **more: Any) -> Category:
    return Category(
        path=path,
        name=name,
        parent=parent,
        created_at=now,
        updated_at=now,
        version=1,
        **more,
    )
