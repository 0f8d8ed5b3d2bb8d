"""Pure: password hashes. A hash takes 0.07 s, so the tests make few of them."""

import statistics
import time
import unicodedata
from functools import cache

import bcrypt
import pytest

from shared.security import passwords
from shared.security.key_rings import KeyRing

COST = 10
PEPPER = KeyRing("k1", {"k1": b"p" * 64})


CHEAP = passwords.hash_password("correct horse battery", PEPPER, cost=COST - 3)


@cache
def stored(password: str) -> str:
    return passwords.hash_password(password, PEPPER, cost=COST)


def is_correct(password: str, of: str) -> bool:
    return passwords.verify_password(password, stored(of), PEPPER, cost=COST)


@pytest.mark.parametrize(
    "password",
    ["x" * 128, "🔑" * 64, "🔑" * 128, "before\x00after", " " * 8, "пароль-密码"],
    ids=["128 code points", "64 emoji", "128 emoji", "NUL", "only spaces", "other scripts"],
)
def test_a_password_may_have_any_characters(password):
    assert is_correct(password, of=password)


@pytest.mark.parametrize(
    ("password", "of"),
    [
        ("x" * 99 + "B" + "x" * 28, "x" * 128),
        ("x" * 127, "x" * 128),
        ("🔑" * 63 + "🔒", "🔑" * 64),
        ("before\x00other", "before\x00after"),
        ("before", "before\x00after"),
        (" " * 9, " " * 8),
        ("", " " * 8),
        ("Correct horse battery", "correct horse battery"),
        ("correct horse battery ", "correct horse battery"),
    ],
    ids=["100th", "128th", "64th emoji", "after NUL", "to NUL", "spaces", "none", "case", "blank"],
)
def test_every_character_of_a_password_counts(password, of):
    assert not is_correct(password, of=of)


def test_two_keyboards_produce_the_same_password():
    composed = "Zürich-ﬁnance-①"
    decomposed = unicodedata.normalize("NFD", composed)

    assert composed != decomposed
    assert is_correct(decomposed, of=composed)
    assert is_correct("Zürich-finance-1", of=composed)


def test_a_hash_names_its_pepper_and_its_cost():
    assert stored("correct horse battery").startswith(f"k1:$2b${COST}$")


def test_two_hashes_of_one_password_differ():
    again = passwords.hash_password("correct horse battery", PEPPER, cost=COST)

    assert again != stored("correct horse battery")


def test_a_password_survives_a_pepper_rotation():
    rotated = KeyRing("k2", {**PEPPER.keys, "k2": b"q" * 64})
    password = "correct horse battery"

    assert passwords.verify_password(password, stored(password), rotated, cost=COST)
    assert passwords.hash_password(password, rotated, cost=4).startswith("k2:")


@pytest.mark.parametrize(
    ("hashed", "current"),
    [
        ("k1:$2b$10$", True),
        ("k1:$2b$12$", True),
        ("k1:$2b$09$", False),
        ("k0:$2b$10$", False),
        ("k10:$2b$10$", False),
    ],
    ids=["as now", "dearer", "cheaper", "of an old pepper", "of a pepper with a longer name"],
)
def test_a_hash_is_current_with_current_pepper_and_enough_cost(hashed, current):
    ring = KeyRing("k1", dict.fromkeys(("k0", "k1", "k10"), b"p" * 64))

    assert passwords.is_current(hashed, ring, cost=COST) is current


def test_a_hash_cannot_be_checked_without_the_pepper():
    password = "correct horse battery"
    other = KeyRing("k1", {"k1": b"o" * 64})
    _, _, hashed = stored(password).partition(":")

    assert not passwords.verify_password(password, stored(password), other, cost=COST)
    assert not bcrypt.checkpw(password.encode(), hashed.encode())


@pytest.mark.parametrize(
    "other",
    [
        lambda: passwords.verify_dummy_hash("wrong", PEPPER, cost=COST),
        lambda: passwords.verify_password("wrong", CHEAP, PEPPER, cost=COST),
    ],
    ids=["an unknown account", "a hash of a lower cost"],
)
def test_every_check_takes_as_long_as_the_current_cost(other):
    password = "correct horse battery"
    stored(password)

    usual, others = [], []
    for _ in range(5):  # alternately, so that a busy machine slows both
        usual.append(seconds(lambda: is_correct("wrong", of=password)))
        others.append(seconds(other))

    assert 0.7 < statistics.median(others) / statistics.median(usual) < 1.4


def seconds(work) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
