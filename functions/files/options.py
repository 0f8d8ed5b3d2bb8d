"""What the caller of an import chose. Pure."""

from typing import Any, Literal, Self

from shared.records import Record

Mode = Literal["write", "dry_run"]
OnError = Literal["skip", "stop", "all_or_nothing"]
Missing = Literal["keep", "archive"]
StockCounts = Literal["available", "on_hand"]


class ImportOptions(Record):
    """Stored with the upload as JSON; what an earlier release did not store has its default."""

    mode: Mode = "write"
    on_error: OnError = "skip"
    missing: Missing = "keep"
    archive_percent_max: int = 0  # of the products that are not archived, if `missing` is archive
    stock_counts: StockCounts = "available"
    currency: str | None = None  # of files that name none; None: the shop's
    mapping: dict[str, Any] | None = None  # files.layouts.mappings.FileMapping, as it was then

    @classmethod
    def from_stored(cls, stored: dict[str, Any]) -> Self:
        return cls(**{name: stored[name] for name in cls.__match_args__ if name in stored})

    def to_stored(self) -> dict[str, Any]:
        """Without what is as by default."""
        default = type(self)()
        values = {name: getattr(self, name) for name in self.__match_args__}
        return {name: value for name, value in values.items() if value != getattr(default, name)}

    @property
    def checks_first(self) -> bool:
        """Whether every row is checked before any is written."""
        return self.mode == "dry_run" or self.on_error == "all_or_nothing"

    @property
    def first_phase(self) -> str:
        return "checking" if self.checks_first else "writing"

    @property
    def is_in_order(self) -> bool:
        """Whether no chunk starts before the one before it has ended without an error."""
        return self.on_error == "stop"
