"""The table: what, its budget, what was measured, and whether that is within the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

HEADINGS = ("what", "budget", "measured", "")


@dataclass(frozen=True, slots=True)
class Budget:
    bound: float
    kind: Literal["at most", "at least", "under"] = "at most"
    unit: str = ""

    def holds(self, measured: float) -> bool:
        if self.kind == "at least":
            return measured >= self.bound
        if self.kind == "under":
            return measured < self.bound
        return measured <= self.bound

    def __str__(self) -> str:
        return f"{self.kind} {self.bound:,g}{self.unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """`budget` is None for what is only good to know; `detail` says what the number is made of."""

    what: str
    budget: Budget | None
    measured: float
    detail: str = ""
    unit: str = ""

    @property
    def is_over(self) -> bool:
        return self.budget is not None and not self.budget.holds(self.measured)

    @property
    def cells(self) -> tuple[str, str, str, str]:
        unit = self.budget.unit if self.budget else self.unit
        measured = f"{self.measured:,.4g}{unit}" + (f" ({self.detail})" if self.detail else "")
        if self.budget is None:
            return self.what, "-", measured, ""
        return self.what, str(self.budget), measured, "OVER" if self.is_over else "within"


def parsed(document: list[object]) -> Row:
    """The row of which a child sent `astuple`."""
    what, budget, *rest = document
    return Row(what, Budget(*budget) if budget else None, *rest)  # type: ignore[arg-type, misc]


def table(rows: Sequence[Row]) -> str:
    lines: list[tuple[str, ...]] = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
