"""A payment provider that takes no money, for the local stack: what Stripe is on AWS.

It behaves like one: webhooks are signed, asynchronous and repeated until they are taken, cards are
declined, calls are idempotent by key. `PUT /behaviour` has it misbehave like one, too.
"""

from local.payments.app import create_app

__all__ = ["create_app"]
