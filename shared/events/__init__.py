"""The domain events: what has happened, in the past tense, for anyone who subscribes to the bus.

An event names people by id only: no e-mail, address, password, token or card. Its `id` is its
outbox row's, so that a consumer can drop repeats.
"""
