"""An operator's commands for a stack: `python -m local.operations --target prod admin EMAIL`.

The target is the local stack, or an environment of samconfig.toml. The operator's own credentials
decide what is allowed. The API offers none of these commands.
"""

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from local import dead_letters
from local.aws_failures import describe_failure
from local.importing import ImportCommand, run_import
from local.key_rotation import rotate_keys
from local.payment_keys import set_payment_keys
from local.payment_sweep import mark_overdue_orders
from local.reconciliation import reconcile
from local.reindexing import reindex
from local.repair import repair
from local.republishing import parse_window, republish
from local.rollback import roll_back
from local.smoke import run_smoke
from local.targets import LOCAL, OperationFailed, Target, assume_environment, get_target
from shared.errors.accounts import UserNotFound
from shared.errors.base import AppError

MESSAGES_MAX = re.compile(r"[1-9][0-9]{0,8}")  # fewer than 10^9


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


def _repair(shop: Target, options: argparse.Namespace) -> Outcome:
    repairs = repair(shop, applies=options.apply)
    return Outcome(repairs.to_text(), is_ok=repairs.is_ok)


def _smoke(shop: Target) -> Outcome:
    report = run_smoke(shop)
    return Outcome(report.to_text(), is_ok=report.is_ok)


def _add_republish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", default="", help="such as 2026-11-26T00:00Z")
    parser.add_argument("--until", default="", help="now, unless given")
    parser.add_argument("--all", action="store_true", help="also events that were relayed")
    parser.add_argument("--apply", action="store_true", help="without it nothing is published")


def _republish(shop: Target, options: argparse.Namespace) -> Outcome:
    result = republish(
        shop,
        parse_window(options.since, options.until),
        includes_relayed=options.all,
        applies=options.apply,
    )
    return Outcome(result.to_text(), is_ok=result.is_ok)


def _add_rollback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--before", default="", help="such as 2026-11-27T14:00Z")
    parser.add_argument("--apply", action="store_true", help="without it nothing is changed")


def _add_dead_letters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--action", default="list", help="list, show, redrive or purge")
    parser.add_argument("--queue", default="", help="such as Mail; all queues, unless given")
    parser.add_argument("--id", default="", help="one message")
    parser.add_argument("--max", default="", help="this many messages of each queue")
    parser.add_argument("--apply", action="store_true", help="without it nothing is changed")


def _handle_dead_letters(shop: Target, options: argparse.Namespace) -> Outcome:
    if options.max and not MESSAGES_MAX.fullmatch(options.max):
        raise OperationFailed("MAX must be a number of messages, such as 10.")
    command = dead_letters.Command(
        action=options.action or "list",
        queue=options.queue,
        message_id=options.id,
        limit=int(options.max) if options.max else None,
        applies=options.apply,
    )
    answer = dead_letters.run(shop, command)
    return Outcome(answer.to_text(), is_ok=answer.is_ok)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file")
    parser.add_argument("--mapping", default="", help="a file with a mapping, or a saved one's id")
    parser.add_argument("--dry-run", action="store_true", help="only check the rows")
    parser.add_argument("--on-error", default="", help="skip, stop or all_or_nothing")
    parser.add_argument("--currency", default="", help="of the prices, if the file names none")


def _import(shop: Target, options: argparse.Namespace) -> Outcome:
    command = ImportCommand(
        options.file,
        mapping=options.mapping,
        is_dry_run=options.dry_run,
        on_error=options.on_error,
        currency=options.currency,
    )
    try:
        report = run_import(shop, command)
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise OperationFailed(f"{type(error).__name__}: {error}") from error
    return Outcome(report.to_text(), is_ok=report.is_ok)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="local.operations")
    parser.add_argument(
        "--target", default=LOCAL, help="local, or an environment of samconfig.toml"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("admin").add_argument("email")
    for name in ("rotate-keys", "payment-keys", "verify", "reindex", "sweep-payments", "smoke"):
        commands.add_parser(name)
    commands.add_parser("repair").add_argument(
        "--apply", action="store_true", help="without it nothing is changed"
    )
    _add_republish(commands.add_parser("republish"))
    _add_rollback(commands.add_parser("rollback"))
    _add_dead_letters(commands.add_parser("dead-letters"))
    _add_import(commands.add_parser("import"))
    options = parser.parse_args(arguments)
    operations: dict[str, Callable[[Target], Outcome]] = {
        "admin": lambda shop: Outcome(make_admin(shop, options.email)),
        "rotate-keys": lambda shop: Outcome(rotate_keys(shop)),
        "payment-keys": lambda shop: Outcome(set_payment_keys(shop)),
        "verify": _reconcile,
        "repair": lambda shop: _repair(shop, options),
        "smoke": _smoke,
        "reindex": lambda shop: Outcome(reindex(shop)),
        "sweep-payments": lambda shop: Outcome(mark_overdue_orders(shop)),
        "republish": lambda shop: _republish(shop, options),
        "rollback": lambda shop: Outcome(roll_back(shop, options.before, applies=options.apply)),
        "import": lambda shop: _import(shop, options),
        "dead-letters": lambda shop: _handle_dead_letters(shop, options),
    }
    try:
        outcome = operations[options.command](get_target(options.target))
    except (OperationFailed, AppError, BotoCoreError, ClientError, PynamoDBException) as error:
        print(f"make {options.command}: {describe_failure(error)}", file=sys.stderr)
        return 1
    print(outcome.message)
    return 0 if outcome.is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
