"""Spectral and Redocly find nothing in the document, with all the rules that they recommend."""

import json
from collections import Counter

import pytest

from tests.contract.release import DOCUMENT
from tests.contract.tools import needs_npm_tools, run_npm_tool

SPECTRAL = ("lint", "--ruleset", "tests/contract/spectral.yaml", "--format", "json")
REDOCLY = ("lint", "--extends", "recommended", "--format", "json", "--max-problems", "1000")


def spectral_findings(document):
    finished = run_npm_tool("spectral", *SPECTRAL, "--quiet", str(document))
    assert finished.stdout.startswith("["), finished.stderr
    return Counter(finding["code"] for finding in json.loads(finished.stdout))


def redocly_findings(document):
    finished = run_npm_tool("redocly", *REDOCLY, str(document))
    assert finished.stdout.startswith("{"), finished.stderr
    return Counter(problem["ruleId"] for problem in json.loads(finished.stdout)["problems"])


FINDINGS = {"spectral": spectral_findings, "redocly": redocly_findings}


@needs_npm_tools
@pytest.mark.parametrize("linter", FINDINGS)
def test_a_linter_finds_nothing_in_the_document(linter):
    assert FINDINGS[linter](DOCUMENT) == {}


@needs_npm_tools
@pytest.mark.parametrize(
    ("linter", "rule"), [("spectral", "operation-description"), ("redocly", "operation-summary")]
)
def test_a_linter_finds_what_is_missing(linter, rule, tmp_path):
    """So an empty list of findings is the linter's answer, and not the lack of one."""
    document = json.loads(DOCUMENT.read_text())
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("summary", None)
            operation.pop("description", None)
    broken = tmp_path / "openapi.json"
    broken.write_text(json.dumps(document))

    assert FINDINGS[linter](broken)[rule] == sum(map(len, document["paths"].values()))
