"""Words that the vocabulary has retired stay out of code, texts, template and documents.

The changelog names them beside the words that replaced them, and so does this module.
"""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXEMPT = {"CHANGELOG.md", "tests/test_vocabulary.py"}
TEXTS = {".py", ".md", ".yaml", ".yml", ".toml", ".json", ".html", ".js", ".sh", ".txt", ".css"}
TEST_NAME_LENGTH_MAX = 60

RETIRED_NAMES = (
    # stock
    "on_order",
    "stock_buckets",
    "SplitAnew",
    "require_split",
    "held_of",
    "parts_of",
    "stage_as_counted",
    # products
    "shelves",
    "first_of",
    "told_of_change",
    "document_of",
    "kept_for_shoppers",
    "siblings",
    # orders
    "persistently",
    "claiming",
    "erasing",
    "announcing",
    "receipts",
    "carry_out",
    "take_back",
    "let_go",
    "ask_all",
    "dealt",
    "_take_off",
    "by_hand",
    "by_hand_minor",
    "paid_by_hand",
    "back_office",
    "terms:write",
    "RateSheet",
    # payments
    "Heard",
    "RefundTold",
    "Begun",
    "DoesNotFit",
    # accounts
    "Tally",
    "JustDone",
    "space_out",
    "take_of_hour",
    "spend_a_check",
    "LONGEST_PRETENCE_SECONDS",
    # shared
    "Happening",
    "AboutOrder",
    "mailboxes",
    "moments",
    # error codes and events
    "stock_scattered",
    "unanswerable_query",
    "changed_meanwhile",
    "too_many_entries",
    "too_many_returned",
    "stock_below_zero",
    "not_shipped_to",
    "own_account",
    "second_factor_state",
    "cursor_of_another_query",
    "cursor_of_another_user",
    "sku_is_fixed",
    "order.payment_lost",
    "order.refund_owed",
    "user.registration_repeated",
)
RETIRED_MODULES = {
    "shelves",
    "groups",
    "merging",
    "parts",
    "editing",
    "claims",
    "erasure",
    "units",
    "paying",
    "providers",
    "answers",
    "bodies",
    "callers",
    "moments",
    "mailboxes",
    "opaque",
    "patches",
    "versions",
    "quotas",
    "queues",
    "bills",
    "books",
    "tally",
    "verifying",
    "goods",
    "rings",
    "places",
    "front",
    "wiring",
    "children",
    "child",
    "floor",
    "ear",
    "letters",
    "copies",
    "ticking",
    "little_api",
}
# Phrases that no plain sentence here needs.
RETIRED_PHRASES = ("anew", "by hand", "meanwhile", "is told", "are told", "has no more")


@cache
def files() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(  # noqa: S603 (our own command)
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.splitlines() if name not in EXEMPT]
    return [
        path
        for path in paths
        if path.suffix in TEXTS and path.is_file() and "requirements" not in path.name
    ]


@cache
def texts() -> dict[str, str]:
    """What each file says, by its path."""
    words = [path for path in files() if path.name != "common_passwords.txt"]
    return {str(path.relative_to(ROOT)): path.read_text() for path in words}


@cache
def lower_texts() -> dict[str, str]:
    return {name: text.lower() for name, text in texts().items()}


@cache
def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def places_with(words: str, pattern: str) -> list[str]:
    """The lines that match. A line without these words, in any case, cannot."""
    expression = re.compile(pattern)
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts().items()
        if words.lower() in lower_texts()[name] and expression.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if expression.search(line)
    ]


@pytest.mark.parametrize("name", RETIRED_NAMES)
def test_a_retired_name_is_nowhere(name):
    assert places_with(name, rf"(?<![\w.]){re.escape(name)}(?!\w)") == []


@pytest.mark.parametrize("phrase", RETIRED_PHRASES)
def test_a_retired_phrase_is_nowhere(phrase):
    assert places_with(phrase, rf"(?i)\b{phrase}\b") == []


def test_no_module_has_a_retired_name():
    modules = [path for path in files() if path.suffix == ".py"]

    assert [str(path) for path in modules if path.stem in RETIRED_MODULES] == []


def test_no_loop_variable_or_parameter_is_called_it():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files()
        if path.suffix == ".py"
        for node in ast.walk(syntax_tree(path))
        if (isinstance(node, ast.Name) and node.id == "it" and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.arg) and node.arg == "it")
    ]

    assert found == []


def test_a_test_name_has_at_most_sixty_characters():
    names = [
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]

    assert names
    assert [name for name in names if len(name) > TEST_NAME_LENGTH_MAX] == []
