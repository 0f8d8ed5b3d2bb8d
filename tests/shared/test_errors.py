"""Pure: every error class tells a client its status, its code, and what to do next."""

import re

import pytest

from shared.errors import accounts, catalog, orders, requests
from shared.errors.base import AppError, InternalError, NotFound, Unavailable
from tests.test_vocabulary import RETIRED_PHRASES

MODULES = (accounts, catalog, orders, requests)  # importing them makes their classes known
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
NOT_PLAIN = re.compile(rf"\b({'|'.join((*RETIRED_PHRASES, 'told', 'nobody'))})\b", re.IGNORECASE)


def subclasses_of(base: type[AppError]) -> list[type[AppError]]:
    classes = base.__subclasses__()
    return classes + [each for known in classes for each in subclasses_of(known)]


# `Unauthenticated` has no code: only its subclasses are raised.
ERRORS = [error for error in subclasses_of(AppError) if error is not accounts.Unauthenticated]
BY_NAME = pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)


def test_the_errors_of_every_module_are_known():
    defined = {error.__module__ for error in ERRORS}

    assert defined >= {module.__name__ for module in MODULES} | {AppError.__module__}


@BY_NAME
def test_every_error_class_has_a_status_and_a_code(error):
    assert 400 <= error.status < 600
    assert re.fullmatch("[a-z][a-z0-9_]+", error.code)


def test_no_two_error_classes_share_a_code():
    """A subclass without its own code is the same error to a client."""
    codes = [error.code for error in ERRORS if "code" in vars(error)]

    assert len(set(codes)) == len(codes)


@BY_NAME
def test_every_error_class_has_a_plain_default_message(error):
    """Of one or two sentences; a class with its own code needs its own message."""
    message = error.default_message

    assert "code" not in vars(error) or "default_message" in vars(error)
    assert message[0].isupper()
    assert message.endswith(".")
    assert len(SENTENCE_END.split(message)) <= 2
    assert not NOT_PLAIN.search(message)


def test_an_error_without_a_message_has_the_default_one():
    error = NotFound(product_id="prd_tea")

    assert (error.message, str(error)) == (NotFound.default_message, NotFound.default_message)
    assert error.details == {"product_id": "prd_tea"}


def test_a_message_replaces_the_default_one():
    assert NotFound("No product has this id.").message == "No product has this id."


def test_a_method_that_is_not_allowed_names_the_allowed_ones():
    error = requests.MethodNotAllowed(allowed=["GET", "PUT"])

    assert error.headers() == {"Allow": "GET, PUT"}
    assert error.details == {"allowed": ["GET", "PUT"]}


def test_an_unavailable_shop_says_when_to_retry():
    assert Unavailable().headers() == {"Retry-After": "1"}


def test_an_internal_error_has_no_details():
    assert (InternalError.status, InternalError().details) == (500, {})
