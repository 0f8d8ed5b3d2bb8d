"""What `make` calls for an operator: one line and a status; the operations have their own tests."""

import pytest

from local import operations, paths
from local.reconciliation import Drift, Verified
from tests.local import shops


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--target", "staging", "admin", "ada@example.com"], "no stack for 'staging'"),
        (["admin", "ada@example.com"], "make run"),
        (["rotate-keys"], "make run"),
        (["payment-keys"], "make run"),
        (["verify"], "make run"),
        (["reindex"], "make run"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_a_failure(
    arguments, says, capsys, monkeypatch, tmp_path
):
    monkeypatch.setattr(paths, "STATE", tmp_path)

    status = operations.main(arguments)

    told = capsys.readouterr()
    assert status == 1
    assert says in told.err
    assert told.out == ""
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(("drifts", "status"), [(0, 0), (1, 1)])
def test_stock_that_drifts_is_a_failure_with_its_report(drifts, status, capsys, monkeypatch):
    found = Verified(2, 1, [Drift("TEA", "available 5, recomputed 4")] * drifts)
    monkeypatch.setattr(operations, "target", lambda _: shops.shop())
    monkeypatch.setattr(operations, "verify", lambda _: found)

    assert operations.main(["verify"]) == status

    told = capsys.readouterr()
    assert told.out == found.report() + "\n"
    assert told.err == ""
