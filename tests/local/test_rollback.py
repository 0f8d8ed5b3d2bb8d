"""Going back to the versions from before a release: all functions or none."""

from types import SimpleNamespace
from typing import Any

import pytest

from local import operations
from local.rollback import roll_back
from local.targets import OperationFailed

RELEASED = {"1": "09:00", "2": "10:00", "10": "11:00"}
SERVING = {"AuthFunction": "10", "MailFunction": "2"}


class Lambda:
    """Two functions. AuthFunction has a version of each release, MailFunction none of the last."""

    def __init__(self) -> None:
        self.live = dict(SERVING)
        self.weights: dict[str, float] = {}

    def get_alias(self, *, FunctionName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        assert Name == "live"
        routing = {"AdditionalVersionWeights": self.weights}
        return {"FunctionVersion": self.live[FunctionName], "RoutingConfig": routing}

    def update_alias(self, *, FunctionName: str, Name: str, FunctionVersion: str) -> None:  # noqa: N803
        assert Name == "live"
        self.live[FunctionName] = FunctionVersion

    def get_paginator(self, operation: str) -> "Lambda":
        assert operation == "list_versions_by_function"
        return self

    def paginate(self, *, FunctionName: str) -> list[dict[str, Any]]:  # noqa: N803
        """Each version on a page of its own."""
        versions = [
            {
                "Version": number,
                "LastModified": f"2026-11-27T{time}:00.123+0000",
                "Description": f"production {number}",
            }
            for number, time in {"$LATEST": "11:00", **RELEASED}.items()
            if FunctionName == "AuthFunction" or number != "10"
        ]
        return [{"Versions": [version]} for version in versions]


@pytest.fixture
def functions() -> Lambda:
    return Lambda()


@pytest.fixture
def shop(functions: Lambda) -> Any:
    resources = {name: {"Type": "AWS::Lambda::Function"} for name in SERVING}
    return SimpleNamespace(
        client=lambda _: functions,
        physical_id=lambda name: name,
        resources=lambda: {**resources, "OrdersTable": {"Type": "AWS::DynamoDB::Table"}},
    )


def test_functions_go_back_to_the_release_before_the_time(shop: Any, functions: Lambda) -> None:
    text = roll_back(shop, "2026-11-27T10:30Z", applies=True)

    assert functions.live == {"AuthFunction": "2", "MailFunction": "2"}
    assert [line.split() for line in text.splitlines()[:2]] == [
        ["AuthFunction", "10", "->", "2", "(production", "2)"],
        ["MailFunction", "stays", "at", "2"],
    ]


def test_nothing_moves_without_apply(shop: Any, functions: Lambda) -> None:
    text = roll_back(shop, "2026-11-27T10:30Z", applies=False)

    assert functions.live == SERVING
    assert text.splitlines()[-1] == "Nothing has changed yet. Add APPLY=1."


def test_a_time_after_the_release_moves_nothing(shop: Any, functions: Lambda) -> None:
    text = roll_back(shop, "2026-11-27T12:00Z", applies=True)

    assert functions.live == SERVING
    assert len(text.splitlines()) == len(SERVING)


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("", "make rollback BEFORE="),
        ("yesterday", "BEFORE must be a time"),
        ("2026-11-27T09:00Z", "AuthFunction has no version from before 2026-11-27T09:00Z"),
    ],
)
def test_a_time_without_a_release_before_it_is_refused(
    before: str, message: str, shop: Any, functions: Lambda
) -> None:
    with pytest.raises(OperationFailed, match=message):
        roll_back(shop, before, applies=True)

    assert functions.live == SERVING


def test_a_rollout_under_way_must_be_stopped_first(shop: Any, functions: Lambda) -> None:
    """CodeDeploy would move the alias again."""
    functions.weights["10"] = 0.1

    with pytest.raises(OperationFailed, match="stop-deployment"):
        roll_back(shop, "2026-11-27T10:30Z", applies=True)

    assert functions.live == SERVING


def test_the_command_moves_the_aliases(
    shop: Any, functions: Lambda, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(operations, "get_target", lambda _: shop)

    assert operations.main(["rollback", "--before", "2026-11-27T10:30Z", "--apply"]) == 0

    assert functions.live["AuthFunction"] == "2"
    assert "AuthFunction" in capsys.readouterr().out
