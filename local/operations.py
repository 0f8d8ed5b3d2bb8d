"""An operator's commands for a stack: `python -m local.operations --target prod admin EMAIL`.

The target is the local stack, or an environment of samconfig.toml. The operator's own credentials
decide what is allowed. The API offers none of these commands.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from local.key_rotation import rotate_keys
from local.payment_keys import set_payment_keys
from local.payment_sweep import mark_overdue_orders
from local.reconciliation import reconcile
from local.reindexing import reindex
from local.targets import LOCAL, OperationFailed, Target, assume_environment, get_target
from shared.errors.accounts import UserNotFound
from shared.errors.base import AppError


@dataclass(frozen=True)
class Outcome:
    message: str
    is_ok: bool = True


def make_admin(shop: Target, email: str) -> str:
    """Grants the role with the API's own rules: no admin exists yet who could grant the first.

    Raises OperationFailed and AppError.
    """
    if not email:
        raise OperationFailed("Name the account: `make admin EMAIL=ada@example.com`.")
    assume_environment(shop)
    from auth.users.service import grant_admin  # noqa: PLC0415 (it reads the environment)

    try:
        user = grant_admin(email)
    except UserNotFound as error:
        raise OperationFailed(
            f"No account has the address {email}. Register it, then run this again."
        ) from error
    return f"{user.email} is an admin now. All sessions of the account have ended: log in again."


def _reconcile(shop: Target) -> Outcome:
    report = reconcile(shop)
    return Outcome(report.to_text(), is_ok=not report.drifts)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="local.operations")
    parser.add_argument(
        "--target", default=LOCAL, help="local, or an environment of samconfig.toml"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("admin").add_argument("email")
    for name in ("rotate-keys", "payment-keys", "verify", "reindex", "sweep-payments"):
        commands.add_parser(name)
    options = parser.parse_args(arguments)
    operations: dict[str, Callable[[Target], Outcome]] = {
        "admin": lambda shop: Outcome(make_admin(shop, options.email)),
        "rotate-keys": lambda shop: Outcome(rotate_keys(shop)),
        "payment-keys": lambda shop: Outcome(set_payment_keys(shop)),
        "verify": _reconcile,
        "reindex": lambda shop: Outcome(reindex(shop)),
        "sweep-payments": lambda shop: Outcome(mark_overdue_orders(shop)),
    }
    try:
        outcome = operations[options.command](get_target(options.target))
    except (OperationFailed, AppError, BotoCoreError, ClientError, PynamoDBException) as error:
        print(f"make {options.command}: {error}", file=sys.stderr)
        return 1
    print(outcome.message)
    return 0 if outcome.is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
