"""What the local pages say about the stack, and the first requests that a developer copies."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from local.seeding import Account

AS_JSON = "-H 'Content-Type: application/json'"
NEW_KEY = '-H "Idempotency-Key: $(date +%s)-$$-$RANDOM"'
PICK_TOKEN = r"""sed 's/.*"access_token": *"\([^"]*\)".*/\1/'"""  # noqa: S105 (a command)


@dataclass(frozen=True)
class ShopFacts:
    api_url: str  # does not end with /v1
    aws_endpoint_url: str
    staff: Account
    customer: Account
    product_id: str  # of a sample product with stock

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "ShopFacts":
        accounts = {name: Account(**content[name]) for name in ("staff", "customer")}
        return cls(**{**content, **accounts})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def guest_order_command(self) -> str:
        """One line for a shell that has curl. It places an order without an account."""
        body = self._order("Grace Guest") | {"email": "grace@example.com"}
        return f"curl -s {self.api_url}/v1/guest/orders {NEW_KEY} {AS_JSON} -d '{json.dumps(body)}'"

    def login_command(self) -> str:
        """One line that sets TOKEN, for a shell that has sed too."""
        body = json.dumps(asdict(self.customer))
        return f"TOKEN=$(curl -s {self.api_url}/v1/auth/login {AS_JSON} -d '{body}' | {PICK_TOKEN})"

    def order_command(self) -> str:
        """One line that places an order with TOKEN."""
        body = json.dumps(self._order("Casey Customer"))
        bearer = '-H "Authorization: Bearer $TOKEN"'
        return f"curl -s {self.api_url}/v1/orders {bearer} {NEW_KEY} {AS_JSON} -d '{body}'"

    def _order(self, name: str) -> dict[str, Any]:
        return {
            "lines": [{"product_id": self.product_id, "quantity": 1}],
            "shipping_address": {
                "name": name,
                "line1": "1 Market Street",
                "postal_code": "1000",
                "city": "Brussels",
                "country": "BE",
            },
        }
