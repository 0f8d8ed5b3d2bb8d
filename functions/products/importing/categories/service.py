"""Categories that an import names: found by their names, and made where there are none."""

from collections.abc import Sequence

from pydantic import ValidationError

from products.categories import edits, repository
from products.categories.repository import TreeChanged
from products.categories.schemas import NewCategory
from products.categories.tree import NO_CATEGORIES, CategoryTree
from shared.http.schemas import invalid_fields_error
from shared.retries import retry_on_stale_version


class CategoriesByName:
    """The tree of categories, as this run knows it. It is read when a row first names one."""

    def __init__(self, *, is_dry_run: bool = False) -> None:
        self._is_dry_run = is_dry_run
        self._tree = NO_CATEGORIES
        self._known: dict[tuple[str, ...], str] = {}

    def path_of(self, names: Sequence[str]) -> str:
        """The path of the category below these names, from the top down.

        A dry run stores nothing. Raises InvalidFields, CategoryTooDeep, CategoryLimitReached and
        ConcurrentModification.
        """
        key = tuple(names)
        if key not in self._known:
            self._known[key] = retry_on_stale_version(
                lambda: self._find_or_create(key), also_on=(TreeChanged,)
            )
        return self._known[key]

    def _find_or_create(self, names: tuple[str, ...]) -> str:
        is_planned = self._is_dry_run and self._tree is not NO_CATEGORIES  # nothing is stored
        tree = self._tree if is_planned else repository.get_tree(self._tree)
        before, path = tree, ""
        for name in names:
            tree, path = _step(tree, name, path or None)
        if tree is not before and not self._is_dry_run:
            tree = repository.store_tree(before, tree)
        self._tree = tree
        return path


def _step(tree: CategoryTree, name: str, parent: str | None) -> tuple[CategoryTree, str]:
    """The tree with a category of this name below the parent, and its path."""
    if known := edits.find_by_name(tree, name, parent):
        return tree, known.path
    created, category = edits.create(tree, _new_category(name, parent))
    return created, category.path


def _new_category(name: str, parent: str | None) -> NewCategory:
    """Raises InvalidFields."""
    try:
        return NewCategory.model_validate({"name": name, "parent": parent})
    except ValidationError as error:
        raise invalid_fields_error(
            [{**each, "loc": ("category", *each["loc"][1:])} for each in error.errors()]
        ) from error
