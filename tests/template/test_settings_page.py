"""docs/settings.md lists the template's parameters with their defaults and limits."""

import re

import pytest

from tests.template import stack

PAGE = stack.TEMPLATE.parent / "docs" / "settings.md"
PARAMETERS = stack.source()["Parameters"]
COLUMNS = 5


def rows():
    """The cells of the page's table, without its header."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def row(name):
    (cells,) = [cells for cells in rows() if cells[0] == f"`{name}`"]
    return cells


def default_of(parameter):
    if "Default" not in parameter:
        return "none"
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"


def allowed_by(parameter):
    """The limits in words, or None if the template has only a pattern or no limit."""
    match parameter:
        case {"AllowedValues": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"MinValue": minimum, "MaxValue": maximum}:
            return f"{minimum} to {maximum}"
        case {"MinValue": minimum}:
            return f"at least {minimum}"
        case {"MinLength": minimum, "MaxLength": maximum}:
            return f"{minimum} to {maximum} characters"
    return None


def test_the_table_lists_every_parameter_in_order():
    assert [cells[0].strip("`") for cells in rows()] == list(PARAMETERS)


def test_every_row_fills_every_column():
    for cells in rows():
        assert len(cells) == COLUMNS
        assert all(cells), cells[0]


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_table_names_the_template_s_default(name):
    assert row(name)[1] == default_of(PARAMETERS[name])


@pytest.mark.parametrize("name", [name for name in PARAMETERS if allowed_by(PARAMETERS[name])])
def test_the_table_names_the_template_s_limits(name):
    assert row(name)[2] == allowed_by(PARAMETERS[name])


def test_more_than_half_of_the_parameters_have_limits():
    limited = [name for name in PARAMETERS if allowed_by(PARAMETERS[name])]

    assert len(limited) > len(PARAMETERS) / 2


def test_the_page_names_only_parameters_that_exist():
    """The page writes parameters in code style: `ShopName`."""
    prose = "\n".join(line for line in PAGE.read_text().splitlines() if not line.startswith("| `"))
    named = set(re.findall(r"`([A-Z]\w+)`", prose))
    resources = stack.resources().keys()
    sections = stack.source().keys() | stack.source()["Mappings"].keys()

    assert named <= PARAMETERS.keys() | resources | sections
