"""Tests that cannot run on DynamoDB Local, each with the reason."""

NOT_HERE: dict[str, str] = {}
