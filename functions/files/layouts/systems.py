"""The systems whose product files are recognised by their header. Pure."""

from collections.abc import Collection
from typing import ClassVar

from files.layouts.layout import Layout
from files.layouts.targets import Target, ignored

UNRECOGNISED = ignored("unknown, and ignored")


def normalize_header(column: str) -> str:
    """Equal for two spellings of a column: case and white space say nothing."""
    return " ".join(column.replace("_", " ").split()).casefold()


class SystemLayout(Layout):
    """A layout with a table of the columns that the system writes."""

    TARGETS: ClassVar[dict[str, Target]]  # by normalized header

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        """Whether a file with these normalized headers is from this system."""
        raise NotImplementedError

    @classmethod
    def find_target(cls, column: str) -> Target:
        """Where the column goes. One that nobody knows is ignored: plugins add their own."""
        return cls.TARGETS.get(normalize_header(column)) or UNRECOGNISED
