"""docs/importing.md names each code of a file's form, and no other."""

import ast
import re
from pathlib import Path

from files.formats.xlsx_rows import MESSAGES

ROOT = Path(__file__).parents[3]
FORMATS = ROOT / "functions" / "files" / "formats"
RAISES = {"BrokenFile": 0, "Problem": 2, "reject": 2, "_Refused": 0}  # where each has its code


def codes_in_code() -> set[str]:
    calls = [
        node
        for path in FORMATS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]
    found = set(MESSAGES)
    for call in calls:
        place = RAISES.get(ast.unparse(call.func))
        code = call.args[place] if place is not None and len(call.args) > place else None
        if isinstance(code, ast.Constant):
            found.add(code.value)
    return found


def codes_in_document() -> set[str]:
    document = (ROOT / "docs" / "importing.md").read_text()
    section = document.partition("### What is wrong with a file")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {code for cell in rows for code in re.findall("`([a-z0-9_]+)`", cell)}


def test_each_code_of_a_files_form_is_documented():
    assert codes_in_code() == codes_in_document()
    assert len(codes_in_code()) > 30
