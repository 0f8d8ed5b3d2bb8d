"""Which system a file is from, and which column is which field (ADR 71). Pure."""

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from files.formats.source_rows import BrokenFile, Problem
from files.layouts.import_rows import ImportDefaults
from files.layouts.layout import Layout, RecognisedColumns
from files.layouts.magento import MagentoLayout
from files.layouts.mapped_columns import target_of
from files.layouts.mapped_layout import MappedLayout
from files.layouts.mappings import FileMapping
from files.layouts.medusa import MedusaLayout
from files.layouts.own_columns import OWN_COLUMNS
from files.layouts.own_targets import UNKNOWN, UNKNOWN_COLUMN, find_own_target
from files.layouts.prestashop import PrestaShopLayout
from files.layouts.prestashop_combinations import PrestaShopCombinationsLayout
from files.layouts.shopify import ShopifyLayout
from files.layouts.shopify_inventory import ShopifyInventoryLayout
from files.layouts.systems import UNRECOGNISED, SystemLayout, normalize_header
from files.layouts.targets import Target, ignored, optional_text
from files.layouts.woocommerce import WooCommerceLayout

NAME_SHOWN_MAX = 50  # characters of a column that an error repeats
SYSTEMS: dict[str, type[SystemLayout]] = {
    system.name: system
    for system in (
        ShopifyInventoryLayout,  # before the products, as it has some of their columns
        ShopifyLayout,
        WooCommerceLayout,
        MedusaLayout,
        MagentoLayout,
        PrestaShopCombinationsLayout,
        PrestaShopLayout,
    )
}
NAMELESS = ignored("has no name")
_Named = TypeVar("_Named")
_HEADER = 1  # the number of its row


def recognise(
    columns: Sequence[str],
    mapping: FileMapping | None,
    defaults: ImportDefaults,
    *,
    empty: Collection[str] = (),
) -> Layout:
    """The layout of a file with these columns; a file of JSON objects has none.

    `empty`: columns without a cell, as far as the file was read. Those that nobody knows are
    ignored as long as they stay empty. The result is the same for the same arguments.

    Raises BrokenFile, which says what to do.
    """
    mapping = mapping or FileMapping()
    names = [column.strip() for column in columns] or list(mapping.columns)
    layout = _find_layout(names, mapping)
    targets = [_find_target(name, layout, mapping) for name in names]
    if columns:
        _check(names, targets, layout, {column.strip() for column in empty})
    recognised = RecognisedColumns(
        names,
        targets,
        mapping.constants.model_dump(exclude_none=True),
        tuple(_warnings(names, targets, mapping)),
    )
    return layout(recognised, defaults)


def _to_line(name: str) -> str:
    """As a mapping can write it: without the ends of lines that Excel puts into headers."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def _find(named: Mapping[str, _Named], name: str) -> _Named | None:
    return named.get(name) or named.get(_to_line(name))


def _show(name: str) -> str:
    return repr(_to_line(name)[:NAME_SHOWN_MAX])


def _find_layout(names: Sequence[str], mapping: FileMapping) -> type[Layout]:
    if mapping.layout:
        return SYSTEMS[mapping.layout]
    headers = {normalize_header(_find(mapping.headers, name) or name) for name in names}
    for system in SYSTEMS.values():
        if system.recognises(headers):
            return system
    return MappedLayout if mapping.model_fields_set else Layout


def _find_target(name: str, layout: type[Layout], mapping: FileMapping) -> Target:
    mapped = _find(mapping.columns, name)
    if mapped:
        return target_of(mapped)
    if mapping.group and mapping.group.column in (name, _to_line(name)):
        return Target("grouped_by", optional_text, "group")
    if not name:
        return NAMELESS
    english = _find(mapping.headers, name) or _to_line(name)
    if issubclass(layout, SystemLayout):
        return layout.find_target(english)
    return find_own_target(english) or UNKNOWN


def _check(
    names: Sequence[str], targets: Sequence[Target], layout: type[Layout], empty: Collection[str]
) -> None:
    """Raises BrokenFile."""
    used = {name: target for name, target in zip(names, targets, strict=True) if target.slot}
    if not used:
        known = ", ".join(OWN_COLUMNS)
        message = (
            f"No column is known. Begin the file with a header: {known}. Or say in a mapping what "
            "each column is."
        )
        raise BrokenFile("unknown_columns", message, row=_HEADER)
    for name, target in zip(names, targets, strict=True):
        if target is UNKNOWN and name not in empty:
            message = f"Column {_show(name)}: {UNKNOWN_COLUMN}"
            raise _broken_header("unknown_column", message, name)
    _refuse_duplicates(names, targets)
    missing = layout.find_missing({target.slot for target in used.values()})
    if missing:
        message = f"Columns are missing: {missing}. Add it to the header."
        raise _broken_header("missing_column", message, missing)


def _refuse_duplicates(names: Sequence[str], targets: Sequence[Target]) -> None:
    first: dict[str, str] = {}
    for name, target in zip(names, targets, strict=True):
        other = first.setdefault(target.slot, name) if target.slot else None
        if other is not None and first[target.slot] is not name:
            message = (
                f"The columns {_show(other)} and {_show(name)} are both "
                f'{target.field or target.slot!r}. Remove one, or say in the mapping: "field": '
                '"ignored".'
            )
            raise _broken_header("duplicate_column", message, name)


def _broken_header(code: str, message: str, column: str) -> BrokenFile:
    return BrokenFile(code, message, row=_HEADER, field=column[:NAME_SHOWN_MAX])


def _warnings(
    names: Sequence[str], targets: Sequence[Target], mapping: FileMapping
) -> Iterator[Problem]:
    """What the author should know before anything is written."""
    for name, target in zip(names, targets, strict=True):
        if target is NAMELESS:
            yield Problem(_HEADER, None, "nameless_column", "A column without a name is ignored.")
        elif target is UNKNOWN or target is UNRECOGNISED:
            message = "This column is unknown, and is ignored. A mapping can say where it goes."
            yield Problem(_HEADER, name[:NAME_SHOWN_MAX], "unknown_column", message)
    found = {*names, *map(_to_line, names)}
    for name in {**mapping.columns, **mapping.headers}:
        if name not in found:
            message = "The mapping names this column, but the file does not have it."
            yield Problem(_HEADER, name[:NAME_SHOWN_MAX], "mapped_column_missing", message)
