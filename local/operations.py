"""What an operator does to a shop: `python -m local.operations --target prod admin EMAIL`.

The target is the local stack, or a deployed one by its name in samconfig.toml. The operator's own
credentials decide what they may do; nothing of this can be reached through the API.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from local.admins import make_admin
from local.key_rotation import rotate_keys
from local.payment_keys import set_payment_keys
from local.reconciliation import verify
from local.reindexing import reindex
from local.targets import LOCAL, OperationFailed, Target, target
from shared.errors.base import AppError


@dataclass(frozen=True)
class Outcome:
    says: str
    is_well: bool = True


def _verify(shop: Target) -> Outcome:
    found = verify(shop)
    return Outcome(found.report(), is_well=not found.drifts)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="local.operations")
    parser.add_argument(
        "--target", default=LOCAL, help="local, or an environment of samconfig.toml"
    )
    operations = parser.add_subparsers(dest="operation", required=True)
    operations.add_parser("admin").add_argument("email")
    for name in ("rotate-keys", "payment-keys", "verify", "reindex"):
        operations.add_parser(name)
    asked = parser.parse_args(arguments)
    perform: dict[str, Callable[[Target], Outcome]] = {
        "admin": lambda shop: Outcome(make_admin(shop, asked.email)),
        "rotate-keys": lambda shop: Outcome(rotate_keys(shop)),
        "payment-keys": lambda shop: Outcome(set_payment_keys(shop)),
        "verify": _verify,
        "reindex": lambda shop: Outcome(reindex(shop)),
    }
    try:
        outcome = perform[asked.operation](target(asked.target))
    except (OperationFailed, AppError, BotoCoreError, ClientError, PynamoDBException) as error:
        print(f"make {asked.operation}: {error}", file=sys.stderr)
        return 1
    print(outcome.says)
    return 0 if outcome.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
