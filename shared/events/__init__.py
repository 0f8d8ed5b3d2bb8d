"""The domain events: what has happened, in the past tense, for anyone who subscribes to the bus.

An event names people by id only: no e-mail address, postal address, password, token or card.
"""
