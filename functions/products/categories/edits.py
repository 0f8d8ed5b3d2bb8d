"""What an edit makes of the tree, and when it is refused. Pure."""

import unicodedata
from typing import Any

from products.categories.paths import category_id, derive_path
from products.categories.schemas import CategoryPatch, NewCategory
from products.categories.tree import CATEGORIES_MAX, CategoryTree, new_category
from shared import clock
from shared.catalog_names import CATEGORY_DEPTH_MAX
from shared.errors.catalog import (
    CategoryCycle,
    CategoryLimitReached,
    CategoryNameTaken,
    CategoryTooDeep,
    UnknownCategory,
)
from shared.events.catalog import (
    CategoryData,
    CategoryDeleted,
    CategoryMoved,
    CategoryMovedData,
)
from shared.storage.models.categories import Category


def create(tree: CategoryTree, new: NewCategory, **request: str) -> tuple[CategoryTree, Category]:
    """The tree with the new category. `request` is what its repetition is known by.

    Raises CategoryLimitReached, UnknownCategory, CategoryTooDeep and CategoryNameTaken.
    """
    if len(tree.categories) >= CATEGORIES_MAX:
        raise CategoryLimitReached(categories_max=CATEGORIES_MAX)
    _require_place(tree, new.parent, height=1)
    _require_free_name(tree, new.name, new.parent)
    path = derive_path(new.name, new.parent, tree.categories)
    category = new_category(path, new.name, new.parent, clock.utc_now(), **request)
    return tree.put(category, new.position), category


def update(
    tree: CategoryTree, before: Category, changes: CategoryPatch
) -> tuple[CategoryTree, Category]:
    """The tree with the changed category; the same one if nothing changes.

    Raises UnknownCategory, CategoryCycle, CategoryTooDeep and CategoryNameTaken.
    """
    name = before.name if changes.name is None else changes.name
    parent = changes.parent if "parent" in changes.model_fields_set else before.parent
    if parent != before.parent:
        if parent and before.path in tree.ancestors_of(parent):
            raise CategoryCycle(parent=parent)
        _require_place(tree, parent, height=tree.height_of(before.path))
    if (name, parent) != (before.name, before.parent):
        _require_free_name(tree, name, parent, before)
    moved = tree.put(_changed(before, name=name, parent=parent), changes.position)
    is_same = (name, parent) == (before.name, before.parent) and moved.ids == tree.ids
    if is_same:
        return tree, before
    return moved, moved.categories[before.path]


def moved_event(before: Category, after: Category) -> CategoryMoved | None:
    if before.parent == after.parent:
        return None
    data = CategoryMovedData(
        category_id=category_id(after.path),
        path=after.path,
        parent=after.parent,
        previous_parent=before.parent,
    )
    return CategoryMoved(data=data)


def deleted_event(category: Category) -> CategoryDeleted:
    data = CategoryData(category_id=category_id(category.path), path=category.path)
    return CategoryDeleted(data=data)


def _changed(before: Category, **changes: Any) -> Category:
    after = Category.from_raw_data(before.serialize())
    for name, value in changes.items():
        setattr(after, name, value)
    after.version = int(before.version) + 1
    after.updated_at = clock.utc_now()
    return after


def _require_place(tree: CategoryTree, parent: str | None, *, height: int) -> None:
    """Raises UnknownCategory and CategoryTooDeep."""
    if parent is not None and parent not in tree.categories:
        raise UnknownCategory(path=parent)
    if tree.depth_of(parent) + height > CATEGORY_DEPTH_MAX:
        raise CategoryTooDeep(depth_max=CATEGORY_DEPTH_MAX)


def find_by_name(tree: CategoryTree, name: str, parent: str | None) -> Category | None:
    """Compares without regard to case, as readers do."""
    folded = _folded(name)
    found = (each for each in tree.children_of(parent) if _folded(each.name) == folded)
    return next(found, None)


def _require_free_name(
    tree: CategoryTree, name: str, parent: str | None, itself: Category | None = None
) -> None:
    """Raises CategoryNameTaken."""
    others = tree if itself is None else tree.without(itself.path)
    if neighbour := find_by_name(others, name, parent):
        raise CategoryNameTaken(path=neighbour.path)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
