"""What `make validate` leaves out is stated once, with its reason; nothing else hides a finding."""

import re

import pytest
import yaml

from tests.template import stack

ROOT = stack.TEMPLATE.parent
CHECKOV = (ROOT / ".checkov.yaml").read_text()
SKIPPED = {
    "CKV_AWS_18",  # access logs of the bucket of access logs: test_storage.py
    "CKV_AWS_115",  # reserved concurrency: test_concurrency.py
    "CKV_AWS_116",  # dead-letter queues of functions: test_dead_letters.py
    "CKV_AWS_117",  # a VPC
}
RESOURCES_MAX = 500  # CloudFormation's limit of one stack


def test_checkov_skips_only_what_has_a_reason():
    reasons = dict(re.findall(r"((?:  # .+\n)+)  - (CKV\w+)\n", CHECKOV))

    assert set(yaml.safe_load(CHECKOV)["skip-check"]) == SKIPPED
    assert sorted(reasons.values()) == sorted(SKIPPED)
    assert len(reasons) == len(SKIPPED)


def test_checkov_fails_on_every_finding():
    settings = yaml.safe_load(CHECKOV)

    assert settings.keys() == {"framework", "skip-download", "compact", "quiet", "skip-check"}


def test_cfn_lint_reports_infos_and_ignores_nothing():
    settings = yaml.safe_load((ROOT / ".cfnlintrc").read_text())

    assert settings.keys() == {"templates", "regions", "include_checks"}
    assert settings["include_checks"] == ["I"]


@pytest.mark.parametrize("word", ["checkov:", "cfn-lint:", "skip:", "ignore_checks", "CKV_"])
def test_the_template_suppresses_no_check(word):
    assert word not in stack.TEMPLATE.read_text()


def test_the_stack_stays_below_cloudformation_s_limit():
    assert len(stack.resources()) < RESOURCES_MAX
