"""Confirms an address, and gives or takes roles, in the tables of a stack.

The API does none of this without a mailbox and an admin. Users and Logins hold the same profile, so
one transaction writes both.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class AccountKeys:
    users_table: str
    logins_table: str
    user_id: str
    email: str


def confirm_and_grant(dynamodb: "DynamoDBClient", keys: AccountKeys, roles: list[str]) -> None:
    _update(
        dynamodb,
        keys,
        "ADD #roles :roles SET email_verified = :yes",
        {":roles": {"SS": roles}, ":yes": {"BOOL": True}},
    )


def revoke(dynamodb: "DynamoDBClient", keys: AccountKeys, roles: list[str]) -> None:
    _update(dynamodb, keys, "DELETE #roles :roles", {":roles": {"SS": roles}})


def _update(
    dynamodb: "DynamoDBClient", keys: AccountKeys, expression: str, values: dict[str, Any]
) -> None:
    change: dict[str, Any] = {
        "UpdateExpression": expression,
        "ConditionExpression": "attribute_exists(created_at)",
        "ExpressionAttributeNames": {"#roles": "roles"},
        "ExpressionAttributeValues": values,
    }
    rows: list[tuple[str, dict[str, Any]]] = [
        (keys.users_table, {"user_id": {"S": keys.user_id}}),
        (keys.logins_table, {"email": {"S": keys.email}}),
    ]
    updates: list[Any] = [
        {"Update": {"TableName": table, "Key": key} | change} for table, key in rows
    ]
    dynamodb.transact_write_items(TransactItems=updates)
