"""Operations as `make` calls them: one line and an exit status. Each has tests of its own."""

import pytest

from local import operations, paths
from local.operations import make_admin
from local.reconciliation import Drift, ReconciliationReport
from local.repair import Repairs
from local.targets import OperationFailed, Target
from tests.local import shops


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "staging", "admin", "ada@example.com"], "no stack_name for 'staging'"),
        (["admin", "ada@example.com"], "make run"),
        (["rotate-keys"], "make run"),
        (["payment-keys"], "make run"),
        (["verify"], "make run"),
        (["repair"], "make run"),
        (["reindex"], "make run"),
        (["sweep-payments"], "make run"),
        (["republish", "--since", "2026-11-26T00:00Z"], "make run"),
        (["rollback", "--before", "2026-11-26T00:00Z"], "make run"),
        (["dead-letters"], "make run"),
    ],
)
def test_a_failure_is_one_line_on_standard_error(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "STATE", tmp_path)

    status = operations.main(arguments)

    printed = capsys.readouterr()
    assert status == 1
    assert message in printed.err
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize(("drifts", "status"), [(0, 0), (1, 1)])
def test_drift_is_a_failure_with_a_report(drifts, status, capsys, monkeypatch):
    report = ReconciliationReport(2, 1, [Drift("TEA", "available 5, recomputed 4")] * drifts)
    monkeypatch.setattr(operations, "get_target", lambda _: shops.shop())
    monkeypatch.setattr(operations, "reconcile", lambda _: report)

    assert operations.main(["verify"]) == status

    printed = capsys.readouterr()
    assert printed.out == report.to_text() + "\n"
    assert printed.err == ""


@pytest.mark.usefixtures("aws")
def test_making_an_admin_needs_an_address():
    with pytest.raises(OperationFailed, match="EMAIL="):
        make_admin(shops.shop(), "")


@pytest.mark.usefixtures("aws")
def test_an_admin_must_have_an_account(monkeypatch):
    monkeypatch.setattr(operations, "assume_environment", lambda _: None)  # keep this process's own

    with pytest.raises(OperationFailed, match="Register it, then run this again"):
        make_admin(shops.shop(), "nobody@example.com")


@pytest.mark.parametrize(("left", "status"), [([], 0), (["TEA: the product does not exist"], 1)])
@pytest.mark.parametrize("applies", [True, False])
def test_repair_fails_if_a_person_must_decide(left, status, applies, capsys, monkeypatch):
    applied = []

    def repair(_shop: Target, *, applies: bool) -> Repairs:
        applied.append(applies)
        return Repairs(applies, ["SALT: available 5, recomputed 4"], left)

    monkeypatch.setattr(operations, "get_target", lambda _: shops.shop())
    monkeypatch.setattr(operations, "repair", repair)

    assert operations.main(["repair", *["--apply"] * applies]) == status
    assert applied == [applies]
    assert capsys.readouterr().out.startswith("SALT: available 5, recomputed 4")
