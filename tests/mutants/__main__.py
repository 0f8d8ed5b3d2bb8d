"""Puts a random sample of small faults into the code and runs the tests against each.

Prints each fault that no test notices. Exits with 1 unless `equivalents.toml` explains all of them.
"""

import argparse
import sys
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.mutants.baseline import record_baseline
from tests.mutants.mutations import Mutant, list_mutants
from tests.mutants.runs import CONTROL_TESTS, Broken, Copy, Part

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENTS = Path(__file__).with_name("equivalents.toml")
KEPT = ROOT / "local" / ".state" / "mutants"
RUNS_AT_ONCE = 2
ORDERS, AUTH, SHARED = "tests/orders/", "tests/auth/", "tests/shared/"
PARTS = (
    Part("lifecycle", ("functions/orders/lifecycle",), (ORDERS,)),
    Part("pricing", ("functions/orders/pricing",), (ORDERS,)),
    Part(
        "payments",
        (
            "functions/orders/payments",
            "functions/orders/workers/execute_payment_requests.py",
            "functions/orders/workers/sweep_payments.py",
        ),
        (ORDERS,),
    ),
    Part(
        "stock",
        (
            "functions/products/stock",
            "functions/products/workers/watch_stock_levels.py",
            "shared/storage/stock.py",
            "shared/storage/stock_shards.py",
        ),
        (SHARED, "tests/products/", ORDERS),
    ),
    Part(
        "transactions",
        ("shared/storage/transactions.py", "shared/storage/outbox.py", "shared/retries.py"),
        (SHARED,),
    ),
    Part("sessions", ("functions/auth/sessions",), (AUTH,)),
    Part("credentials", ("functions/auth/credentials",), (AUTH,)),
    Part(
        "importing",
        ("functions/products/importing", "functions/files"),
        ("tests/files/", "tests/products/"),
    ),
    Part("notifications", ("functions/notifications",), ("tests/notifications/",)),
)

Tried = tuple[Part, Mutant]


def explained() -> dict[tuple[object, ...], str]:
    """The reason why a mutant behaves as the original, by the mutant's key."""
    return {
        (
            entry["file"],
            entry["function"],
            entry["before"],
            entry["after"],
            entry.get("occurrence", 1),
        ): entry["reason"]
        for entry in tomllib.loads(EQUIVALENTS.read_text()).get("equivalent", [])
    }


def draw(root: Path, parts: list[Part], count: int, seed: int) -> list[Tried]:
    """The same for the same code and seed."""
    everything = [
        (part, mutant)
        for part in parts
        for file in part.files(root)
        for mutant in list_mutants(root, file)
    ]
    return Random(seed).sample(everything, min(count, len(everything)))  # noqa: S311


def run(sample: list[Tried], seed: int) -> Counter[tuple[str, str]]:
    """Counts outcomes by part. Raises Broken."""
    reasons = explained()
    figures = Counter((part.name, "explained") for part, mutant in sample if mutant.key in reasons)
    tried = [(part, mutant) for part, mutant in sample if mutant.key not in reasons]
    parts = [part for part in PARTS if any(part is each for each, _ in tried)]
    with TemporaryDirectory(prefix="souk-mutants-") as folder:
        copies = [Copy.create(ROOT, Path(folder) / str(n), seed) for n in range(RUNS_AT_ONCE)]
        _say(f"Running the tests of {', '.join(part.name for part in parts)} without a fault.")
        baseline = record_baseline(copies, parts, KEPT)
        for copy in copies:
            copy.check_control(list(baseline.tests)[:CONTROL_TESTS])
        _say(f"{len(baseline.tests)} tests pass. Trying {len(tried)} mutants.")
        free: SimpleQueue[Copy] = SimpleQueue()
        for copy in copies:
            free.put(copy)

        def try_one(part: Part, mutant: Mutant) -> tuple[str, str]:
            copy = free.get()
            try:
                tests = baseline.tests_for(part, mutant)
                outcome = copy.try_mutant(mutant, tests, baseline.seconds(*tests))
            finally:
                free.put(copy)
            if outcome in {"survived", "not reached"}:
                _say(f"{outcome}: {mutant}")
            return part.name, outcome

        with ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
            figures.update(pool.map(try_one, *zip(*tried, strict=True)) if tried else ())
    return figures


def report(figures: Counter[tuple[str, str]]) -> int:
    """Prints the figures. Returns the number of survivors without an explanation."""
    outcomes = ("killed", "timed out", "explained", "survived", "not reached")
    _say(f"{'part':15}" + "".join(f"{outcome:>12}" for outcome in outcomes))
    names = sorted({name for name, _ in figures})
    for name in names:
        _say(f"{name:15}" + "".join(f"{figures[name, outcome]:12}" for outcome in outcomes))
    totals = [sum(figures[name, outcome] for name in names) for outcome in outcomes]
    _say(f"{'all':15}" + "".join(f"{total:12}" for total in totals))
    return sum(totals[3:])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", default="", help="names, separated by commas; all if left out")
    options = parser.parse_args()
    names = options.parts.split(",") if options.parts else [part.name for part in PARTS]
    if unknown := set(names) - {part.name for part in PARTS}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    before = perf_counter()
    parts = [part for part in PARTS if part.name in names]
    try:
        survivors = report(run(draw(ROOT, parts, options.count, options.seed), options.seed))
    except Broken as failure:
        _say(f"The tests fail without a fault. Mend them first.\n{failure}")
        return 1
    _say(f"Seed {options.seed}, {perf_counter() - before:.0f} seconds.")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
