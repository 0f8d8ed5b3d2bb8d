"""How much of the account's concurrency the queues may use, and what a new account has."""

import re
import tomllib

import pytest

from tests.template import stack

WORKER_CONCURRENCY_MIN = 2  # Lambda accepts no smaller maximum for a queue
NEW_ACCOUNT_CONCURRENCY = 10  # what AWS gives an account before it asks for more
DEPLOYING = (stack.TEMPLATE.parent / "docs" / "deploying.md").read_text()
SAMCONFIG = tomllib.loads((stack.TEMPLATE.parent / "samconfig.toml").read_text())
PARAMETERS = stack.source()["Parameters"]


def worker_concurrency():
    """The MaximumConcurrency of each queue's mapping: a number, or the parameter's name."""
    return {
        stack.referenced_id(mapping["EventSourceArn"]): mapping["ScalingConfig"][
            "MaximumConcurrency"
        ]
        for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values()
        if "ScalingConfig" in mapping
    }


def parameters():
    """The parameters that set the concurrency of a worker."""
    values = worker_concurrency().values()
    return [value["Ref"] for value in values if isinstance(value, dict)]


def sum_of(attribute):
    """What all workers may use, with each parameter at its default or its minimum."""
    return sum(
        PARAMETERS[value["Ref"]][attribute] if isinstance(value, dict) else value
        for value in worker_concurrency().values()
    )


def test_every_queue_limits_its_worker():
    queues = {name for name in stack.of_type("AWS::SQS::Queue") if not name.endswith("DeadLetters")}

    assert worker_concurrency().keys() == queues


@pytest.mark.parametrize("name", parameters())
def test_a_worker_can_be_set_to_lambda_s_minimum(name):
    assert PARAMETERS[name]["MinValue"] == WORKER_CONCURRENCY_MIN


def test_a_worker_without_parameter_has_lambda_s_minimum():
    fixed = [value for value in worker_concurrency().values() if not isinstance(value, dict)]

    assert fixed
    assert set(fixed) == {WORKER_CONCURRENCY_MIN}


def test_the_development_stack_fits_a_new_account():
    overrides = SAMCONFIG["default"]["deploy"]["parameters"]["parameter_overrides"]

    assert {name: overrides[name] for name in parameters()} == dict.fromkeys(parameters(), "2")


def test_no_function_reserves_concurrency():
    """AWS refuses a reservation that leaves fewer than 100 to the rest of the account."""
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        assert "ReservedConcurrentExecutions" not in function, name


def test_the_page_names_what_the_workers_use():
    section = DEPLOYING[DEPLOYING.index("## Concurrency") :]
    numbers = [int(number) for number in re.findall(r"\*\*(\d+)\*\*", section)][:3]

    assert numbers == [sum_of("Default"), sum_of("MinValue"), NEW_ACCOUNT_CONCURRENCY]
    assert all(f"`{name}=2`" in section for name in parameters())
