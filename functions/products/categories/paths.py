"""The path of a category from its name, and a name from a path. Pure.

A path is what products, filters and links refer to a category by. It is derived once, when the
category is created, and never changes.
"""

import re
from collections.abc import Container
from itertools import count

from shared import ids
from shared.catalog_names import CATEGORY_DEPTH_MAX, CATEGORY_PATH_MAX

STEP_MAX = 60  # characters that a name gives to a path
_UNNAMED = "category"  # for a name of symbols that no letters stand for
_OTHERS = re.compile("[^a-z0-9]+")
_APOSTROPHES = re.compile("['`]")  # they end no word


def category_id(path: str) -> str:
    """Always the same for a path, so that a category is found by either."""
    return ids.derived_id("cat", path)


def derive_path(name: str, parent: str | None, taken: Container[str]) -> str:
    """A path that is not taken, below the parent's as far as there is room.

    Names that give the same letters get a number: `kofe`, `kofe-2`.
    """
    step = _to_step(name)
    for number in count(1):
        suffix = "" if number == 1 else f"-{number}"
        path = _join(parent, f"{step[: STEP_MAX - len(suffix)].rstrip('-')}{suffix}")
        if path not in taken:
            return path
    raise AssertionError  # count does not end


def name_of(path: str) -> str:
    """A name for a category that products brought along: `home/tea-pots` is `Tea pots`."""
    step = path.rpartition("/")[2]
    words = step.replace("-", " ").split()
    return " ".join(words).capitalize() or step


def _to_step(name: str) -> str:
    """Lower-case letters and digits of ASCII, with `-` between the words."""
    # Imported here because only a new category needs it.
    from anyascii import anyascii  # noqa: PLC0415

    letters = _APOSTROPHES.sub("", anyascii(name.replace("&", " ").replace("@", " ")).lower())
    return _OTHERS.sub("-", letters)[:STEP_MAX].strip("-") or _UNNAMED


def _join(parent: str | None, step: str) -> str:
    """A parent that was moved deeper can have a longer path than its place in the tree."""
    above = parent.split("/")[: CATEGORY_DEPTH_MAX - 1] if parent else []
    while above and len("/".join([*above, step])) > CATEGORY_PATH_MAX:
        above.pop()
    return "/".join([*above, step])
