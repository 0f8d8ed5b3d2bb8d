import ast
from collections import Counter
from textwrap import dedent

import pytest

from tests.mutants.__main__ import PARTS, ROOT, draw, explained, report
from tests.mutants.mutations import Mutant, list_mutants, source_with
from tests.mutants.recording import HOOK, with_recording


@pytest.fixture
def mutants_of(tmp_path):
    def listed(source: str) -> list[Mutant]:
        (tmp_path / "code.py").write_text(dedent(source))
        return list_mutants(tmp_path, tmp_path / "code.py")

    return listed


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("x = a == b", ["x = a != b"]),
        ("x = a < b", ["x = a >= b", "x = a <= b"]),
        ("x = a >= b", ["x = a < b", "x = a > b"]),
        ("x = a in b", ["x = a not in b"]),
        ("x = a is None", ["x = a is not None"]),
        ("x = a and b", ["x = a or b", "x = b", "x = a"]),
        ("x = a | b", ["x = a & b"]),
        ("x = a & b", ["x = a | b", "x = a", "x = b"]),
        ("x = a + 1", ["x = a - 1", "x = a + 2"]),
        ("x = not a", ["x = a"]),
        ("x = [y for y in z if y]", ["x = [y for y in z]"]),
        ("if a:\n    b()", ["True", "False"]),
        ("x = a if b else c", ["x = a if True else c", "x = a if False else c"]),
        ("write(item, condition=is_new)", ["write(item)"]),
        ("_require_stock(order)", ["pass"]),
    ],
)
def test_each_kind_of_fault_is_found(mutants_of, source, after):
    assert [mutant.after for mutant in mutants_of(source)] == after


@pytest.mark.parametrize(
    "source",
    [
        "def place(count: Literal[1, 2] | None) -> int | str: ...",
        "count: int | None",
        "@retry(attempts=3)\ndef place(): ...",
        'logger.info("Placed", lines=len(lines) + 1)',
        'x = f"{count + 1} lines"',
        '"""Places 1 order."""',
        "x = True",
        "class Order(Item[1]): ...",
        "if TYPE_CHECKING:\n    x = 1",
        "x = Field(description=a + b)",
    ],
)
def test_types_texts_and_log_lines_have_no_faults(mutants_of, source):
    assert mutants_of(source) == []


def test_a_fault_changes_one_place_only(mutants_of, tmp_path):
    source = """
        def is_open(order):
            if order.status == "paid" and order.lines > 0:
                return order.total > 0
            return False
    """
    original = ast.unparse(ast.parse(dedent(source))).splitlines()

    changed = {mutant: source_with(tmp_path, mutant).splitlines() for mutant in mutants_of(source)}

    assert len(changed) == 12
    for mutant, lines in changed.items():
        different = [new for old, new in zip(original, lines, strict=True) if old != new]
        assert len(different) == 1
        assert mutant.after in different[0]


def test_a_key_survives_moved_lines(mutants_of):
    source = "def place(a):\n    return a > 1\n"
    before = [mutant.key for mutant in mutants_of(source)]

    moved = mutants_of("\n\nimport os\n\n" + source)

    assert [mutant.key for mutant in moved] == before


def test_equal_texts_of_a_function_have_own_keys(mutants_of):
    mutants = mutants_of("def place(a):\n    b = a > 1\n    b = a > 1\n")

    assert len({mutant.key for mutant in mutants}) == len(mutants) == 6


def test_a_fault_belongs_to_the_function_around_it(mutants_of):
    mutants = mutants_of("""
        LIMIT = 1
        class Order:
            def place(self, at=2):
                return lambda: 3
        @cache
        def limit():
            return 4
    """)

    functions = [mutant.function for mutant in mutants]

    assert functions == ["<module>", "Order", "Order.place", "<module>"]


def test_a_recorded_function_reports_that_it_runs():
    source = 'class Order:\n    def place(self):\n        """Places."""\n        return 1\n'

    recorded = with_recording(source, "shared/orders.py")

    assert f"{HOOK}('shared/orders.py::Order.place')" in recorded
    assert recorded.index('"""Places."""') < recorded.index(f"{HOOK}('shared")


def test_the_same_seed_draws_the_same_mutants():
    pricing = [part for part in PARTS if part.name == "pricing"]

    drawn = draw(ROOT, pricing, 20, seed=1)

    assert len(drawn) == 20
    assert drawn == draw(ROOT, pricing, 20, seed=1)
    assert drawn != draw(ROOT, pricing, 20, seed=2)


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_every_part_has_code_and_tests(part):
    assert all((ROOT / tests).is_dir() for tests in part.tests)
    assert all(file.is_file() for file in part.files(ROOT))


def test_every_explained_mutant_exists():
    """Code that changed needs a new explanation."""
    mutants = draw(ROOT, list(PARTS), count=1_000_000, seed=1)

    assert explained().keys() - {mutant.key for _, mutant in mutants} == set()
    assert all(len(reason) > 20 for reason in explained().values())


@pytest.mark.parametrize(
    ("outcome", "failures"),
    [("killed", 0), ("timed out", 0), ("explained", 0), ("survived", 2), ("not reached", 2)],
)
def test_only_unexplained_survivors_fail_the_run(capsys, outcome, failures):
    figures = Counter({("stock", outcome): 2, ("pricing", "killed"): 1})

    assert report(figures) == failures
    assert "stock" in capsys.readouterr().out
