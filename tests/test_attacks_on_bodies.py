"""The corpus of hostile bodies and texts, without a stack: each gets exactly its answer."""

import pytest

from tests.attacks import json_bodies, text_values
from tests.attacks.attack import Attack
from tests.attacks.in_process import send_attack, store_product

ATTACKS = [*json_bodies.ATTACKS, *text_values.ATTACKS]

pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_gets_its_answer(attack: Attack):
    answer = send_attack(attack, product_id=store_product())

    assert answer.status in attack.statuses, answer
    assert attack.code is None or answer.code == attack.code


def test_the_names_of_attacks_are_unique():
    for module in (json_bodies, text_values):
        names = [attack.name for attack in module.ATTACKS]
        assert len(set(names)) == len(names)
