"""The table of `make bench`: what was measured, the budget, the number and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

HEADINGS = ("measurement", "budget", "measured", "result")


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
    """`budget` is None for a number that is only shown; `detail` explains the number."""

    name: str
    budget: Budget | None
    measured: float
    detail: str = ""
    unit: str = ""

    @property
    def is_over_budget(self) -> bool:
        return self.budget is not None and not self.budget.holds(self.measured)

    @property
    def cells(self) -> tuple[str, str, str, str]:
        unit = self.budget.unit if self.budget else self.unit
        measured = f"{self.measured:,.4g}{unit}" + (f" ({self.detail})" if self.detail else "")
        if self.budget is None:
            return self.name, "-", measured, ""
        return (
            self.name,
            str(self.budget),
            measured,
            "OVER BUDGET" if self.is_over_budget else "within budget",
        )


def parse_row(document: list[object]) -> Row:
    """The row from the `astuple` that a subprocess sent."""
    name, budget, *rest = document
    return Row(name, Budget(*budget) if budget else None, *rest)  # type: ignore[arg-type, misc]


def format_table(rows: Sequence[Row]) -> str:
    lines: list[tuple[str, ...]] = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
