import copy
import pickle
from dataclasses import field
from typing import Any, Generic, TypeVar
from unittest.mock import ANY

import pytest

from shared.records import Record

Value = TypeVar("Value")


class Price(Record):
    amount_minor: int
    currency: str = "EUR"


class TaxedPrice(Price):
    rate_ppm: int = 0


class Basket(Record, frozen=False):
    owner: str
    lines: list[str] = field(default_factory=list)
    note: str | None = field(default=None, repr=False)
    count: int = field(init=False)

    def __post_init__(self) -> None:
        self.count = len(self.lines)


class Key(Record):
    name: str
    secret: str = field(repr=False)


class Box(Record, Generic[Value]):
    content: Value

    @property
    def is_empty(self) -> bool:
        return self.content is None


class Range(Record):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


class TestConstructing:
    @pytest.mark.parametrize(
        "price",
        [
            Price(5, "EUR"),
            Price(5),
            Price(amount_minor=5),
            Price(5, currency="EUR"),
            Price(currency="EUR", amount_minor=5),
        ],
    )
    def test_values_come_by_position_or_name(self, price):
        assert (price.amount_minor, price.currency) == (5, "EUR")
        assert price == Price(5, "EUR")
        assert hash(price) == hash(Price(5, "EUR"))

    @pytest.mark.parametrize(
        ("values", "named"),
        [
            ((), {}),
            ((), {"currency": "EUR"}),
            ((1, "EUR", 2), {}),
            ((1,), {"amount_minor": 2}),
            ((1, "EUR"), {"currency": "USD"}),
            ((1,), {"colour": "red"}),
            ((), {"amount_minor": 1, "colour": "red"}),
            ((), {"amount_minor": 1, "currency": "EUR", "colour": "red"}),
            ((1, "EUR"), {"colour": "red"}),
        ],
    )
    def test_a_wrong_call_is_a_type_error(self, values, named):
        with pytest.raises(TypeError, match=r"Price needs one value for each of"):
            Price(*values, **named)

    def test_an_error_does_not_show_values(self):
        with pytest.raises(TypeError) as refusal:
            Key("webhook", secret="whsec_1", colour="red")

        assert "whsec_1" not in str(refusal.value)

    def test_each_record_gets_its_own_default_list(self):
        first, second = Basket("ada"), Basket("bob")

        first.lines.append("mug")

        assert (first.lines, second.lines) == (["mug"], [])

    def test_a_default_of_a_field_is_its_value(self):
        assert Basket("ada").note is None
        assert Basket("ada", note="gift").note == "gift"

    def test_post_init_sets_derived_fields(self):
        assert Basket("ada", ["mug", "cup"]).count == 2
        with pytest.raises(TypeError):
            Basket("ada", count=3)

    def test_post_init_refuses_wrong_values(self):
        with pytest.raises(ValueError, match="low is above high"):
            Range(2, 1)

    def test_a_subclass_adds_its_fields(self):
        price = TaxedPrice(5, "USD", 190_000)

        assert (price.amount_minor, price.currency, price.rate_ppm) == (5, "USD", 190_000)
        assert TaxedPrice(5) == TaxedPrice(5, "EUR", 0)

    def test_a_subclass_may_replace_a_default(self):
        class Gift(Basket):
            lines: tuple[str, ...] = ("card",)
            note: str | None = "gift"

        class Parcel(Gift):
            lines: list[str] = field(default_factory=list)

        assert (Gift("ada").lines, Gift("ada").note) == (("card",), "gift")
        assert Parcel("ada").lines == []
        assert Basket("ada").lines == []

    @pytest.mark.parametrize("default", [[], {}, set(), Basket("ada")])
    def test_a_default_that_all_would_share_is_refused(self, default):
        with pytest.raises(TypeError, match="use a factory"):
            type("Shelf", (Record,), {"__annotations__": {"lines": Any}, "lines": default})

    def test_a_generic_record_has_its_methods(self):
        assert Box[str | None](None).is_empty
        assert not Box("mug").is_empty


class TestComparing:
    def test_records_of_other_classes_differ(self):
        assert Price(5) != TaxedPrice(5)
        assert Price(5) != (5, "EUR")

    def test_the_other_object_may_decide_about_equality(self):
        assert Price(5) == ANY

    def test_records_with_other_values_differ(self):
        assert Price(5) != Price(6)

    def test_a_frozen_record_is_a_key(self):
        assert {Price(5): "five"}[Price(5, "EUR")] == "five"

    def test_a_changeable_record_is_no_key(self):
        with pytest.raises(TypeError, match="unhashable"):
            hash(Basket("ada"))

    def test_a_record_matches_by_position(self):
        match Price(5):
            case Price(amount_minor, currency):
                assert (amount_minor, currency) == (5, "EUR")


class TestChanging:
    def test_a_frozen_record_refuses_changes(self):
        price = Price(5)

        with pytest.raises(AttributeError, match="frozen"):
            price.amount_minor = 6
        with pytest.raises(AttributeError, match="frozen"):
            price.colour = "red"
        with pytest.raises(AttributeError, match="frozen"):
            del price.currency

        assert price == Price(5)

    def test_a_changeable_record_accepts_changes(self):
        basket = Basket("ada")

        basket.owner = "bob"

        assert basket.owner == "bob"

    def test_replace_copies_a_record_with_other_values(self):
        price = TaxedPrice(5, "USD", 1)

        assert price.replace(amount_minor=6) == TaxedPrice(6, "USD", 1)
        assert price == TaxedPrice(5, "USD", 1)

    def test_replace_refuses_unknown_fields(self):
        with pytest.raises(TypeError):
            Price(5).replace(colour="red")

    def test_replace_checks_the_values_again(self):
        with pytest.raises(ValueError, match="low is above high"):
            Range(1, 2).replace(low=3)

    @pytest.mark.parametrize("record", [Price(5), Basket("ada", ["mug"])])
    def test_a_copy_equals_its_record(self, record):
        assert copy.copy(record) == record
        assert copy.deepcopy(record) == record
        assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 (our own)


class TestShowing:
    def test_the_repr_has_the_fields_in_their_order(self):
        assert (
            repr(Price(currency="USD", amount_minor=5)) == "Price(amount_minor=5, currency='USD')"
        )

    def test_the_repr_does_not_show_secrets(self):
        assert repr(Key("webhook", "whsec_1")) == "Key(name='webhook')"
