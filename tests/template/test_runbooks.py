"""Every alarm has one runbook, which says what it means, what to look at and what to do."""

import re
from pathlib import Path

import pytest

from tests.template import stack

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
PARTS = ["**Means.**", "**Look at.**", "**Do.**"]
SECTION = re.compile(r"^## `([\w<>]+Alarm)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
LISTED = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)  # the first column of a table
PER_FUNCTION = ("Errors", "Throttles", "Duration")
PER_TABLE = "<Table>TableThrottlesAlarm"
WITH_A_TABLE = {"<Consumer>QueueAgeAlarm", "<ApiFunction>NewVersionErrorsAlarm"}  # of alarms


def alarms():
    return set(stack.of_type("AWS::CloudWatch::Alarm"))


def page(name):
    return (RUNBOOKS / name).read_text()


def sections():
    """The title and the text of each runbook; the loops over functions and queues have one each."""
    return [
        section
        for path in sorted(RUNBOOKS.glob("*.md"))
        for section in SECTION.findall(path.read_text())
    ]


def covered():
    """The alarms of the sections, once for each section that names them."""
    functions, tables = (
        LISTED.findall(page(name).partition("\n## ")[0]) for name in ("functions.md", "tables.md")
    )
    for title, text in sections():
        if title in WITH_A_TABLE:
            yield from LISTED.findall(text)
        elif title == PER_TABLE:
            yield from (title.replace("<Table>", name) for name in tables)
        elif title.startswith("<Function>"):
            yield from (title.replace("<Function>", name) for name in functions)
        else:
            yield title


def test_every_alarm_has_exactly_one_runbook():
    assert sorted(covered()) == sorted(alarms())


def test_each_kind_of_alarm_of_functions_has_a_runbook():
    titles = {title for title, _ in sections()}

    assert {f"<Function>{metric}Alarm" for metric in PER_FUNCTION} <= titles


@pytest.mark.parametrize(("title", "text"), sections(), ids=lambda value: value[:40])
def test_a_runbook_says_what_to_look_at_and_what_to_do(title, text):
    positions = [text.find(part) for part in PARTS]

    assert -1 not in positions, title
    assert positions == sorted(positions), title


def test_the_index_links_every_runbook():
    index = page("README.md")

    for path in RUNBOOKS.glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in index, path.name
