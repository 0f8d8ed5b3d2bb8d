"""Categories: the tree that shoppers browse, and how staff change it.

A category keeps its path, so products, links and promotions keep working when it is renamed or
moved. Where it is in the tree decides which lists its products are in.
"""

from collections.abc import Callable, Iterator
from typing import Any

from products import browse_cache
from products.browse_cache import browse_cached
from products.categories import edits, repository
from products.categories.repository import TreeChanged
from products.categories.schemas import CategoryPatch, CategoryView, NewCategory
from products.categories.tree import CategoryTree
from products.index_queries import run_concurrently
from shared import ids
from shared.errors.catalog import CategoryNotEmpty, CategoryNotFound
from shared.errors.requests import IdempotencyKeyReused
from shared.events.catalog import CategoryEvent
from shared.http.etags import ExpectedVersion
from shared.http.schemas import Page
from shared.records import Record
from shared.retries import retry_on_stale_version
from shared.storage.models.categories import Category


class CreatedCategory(Record):
    view: CategoryView
    is_replay: bool


def list_categories(path: str | None, include_empty: bool) -> Page[CategoryView]:
    """All categories, each after its parent, in the shop's order; or the one with this path."""
    tree, counts = _read()
    views = (view for view in _list_views(tree, counts) if include_empty or view.products_on_sale)
    if path is None:
        return Page(items=list(views), next_cursor=None)
    items = [_with_breadcrumbs(view, tree) for view in views if view.path == path]
    return Page(items=items, next_cursor=None)


def get_category(category_id: str) -> CategoryView:
    """Raises CategoryNotFound."""
    tree, counts = _read()
    for view in _list_views(tree, counts):
        if view.id == category_id:
            return _with_breadcrumbs(view, tree)
    raise CategoryNotFound


list_cached_categories = browse_cached(megabytes=4)(list_categories)
get_cached_category = browse_cached(megabytes=1)(get_category)


def create_category(new: NewCategory, key: str, *, by: str) -> CreatedCategory:
    """Create the category, or return the one that was created with the same key.

    Raises CategoryLimitReached, CategoryNameTaken, CategoryTooDeep, UnknownCategory,
    IdempotencyKeyReused and ConcurrentModification.
    """
    request_id = ids.derived_id("req", by, key)
    fingerprint = new.fingerprint()

    def create_once() -> tuple[CategoryTree, Category, bool]:
        tree = repository.get_tree()
        for known in tree.categories.values():
            if known.request_id == request_id:
                if known.fingerprint != fingerprint:
                    raise IdempotencyKeyReused
                return tree, known, True
        after, category = edits.create(tree, new, request_id=request_id, fingerprint=fingerprint)
        return repository.store_tree(tree, after), category, False

    tree, category, is_replay = retry_on_stale_version(create_once, also_on=(TreeChanged,))
    browse_cache.forget()
    return CreatedCategory(_view_in(tree, category), is_replay)


def update_category(
    category_id: str, changes: CategoryPatch, expected: ExpectedVersion
) -> CategoryView:
    """Rename, move or reorder. A moved category takes what is below it along.

    Raises CategoryNotFound, CategoryNameTaken, CategoryCycle, CategoryTooDeep, UnknownCategory,
    StaleVersion and ConcurrentModification.
    """

    def update_once() -> tuple[CategoryTree, Category]:
        tree = repository.get_tree()
        before = _find(tree, category_id)
        expected.check(before.version)
        after, category = edits.update(tree, before, changes)
        if after is tree:
            return tree, before
        moved = edits.moved_event(before, category)
        events: list[CategoryEvent] = [moved] if moved else []
        return repository.store_tree(tree, after, events), category

    tree, category = retry_on_stale_version(update_once, expected, also_on=(TreeChanged,))
    browse_cache.forget()
    return _view_in(tree, category)


def delete_category(category_id: str, expected: ExpectedVersion) -> None:
    """Raises CategoryNotFound, CategoryNotEmpty, StaleVersion and ConcurrentModification."""

    def delete_once() -> None:
        tree = repository.get_tree()
        category = _find(tree, category_id)
        expected.check(category.version)
        children = len(tree.children_of(category.path))
        if children or not repository.is_empty(category.path):
            count = repository.list_counts().get(category.path, 0)
            raise CategoryNotEmpty(children=children, products_on_sale=max(0, count))
        # A product that is indexed at this moment is not seen above. The event indexes it again,
        # and so its category exists again.
        repository.store_tree(tree, tree.without(category.path), [edits.deleted_event(category)])

    retry_on_stale_version(delete_once, expected, also_on=(TreeChanged,))
    browse_cache.forget()


def _find(tree: CategoryTree, category_id: str) -> Category:
    category = tree.find(category_id)
    if category is None:
        raise CategoryNotFound
    return category


def _read() -> tuple[CategoryTree, dict[str, int]]:
    """Two reads at once. A change in between only makes a count some seconds old."""
    reads: list[Callable[[], Any]] = [repository.get_tree, repository.list_counts]
    tree, counts = run_concurrently(reads)
    return tree, counts


def _list_views(tree: CategoryTree, counts: dict[str, int]) -> Iterator[CategoryView]:
    for category, depth, position in tree.walk():
        yield CategoryView.from_model(category, depth, position, counts.get(category.path, 0))


def _view_in(tree: CategoryTree, category: Category) -> CategoryView:
    for view in _list_views(tree, repository.list_counts()):
        if view.path == category.path:
            return _with_breadcrumbs(view, tree)
    raise CategoryNotFound


def _with_breadcrumbs(view: CategoryView, tree: CategoryTree) -> CategoryView:
    found = tree.categories
    steps = tree.ancestors_of(view.path)
    return view.with_breadcrumbs(found[path] for path in steps if path in found)
