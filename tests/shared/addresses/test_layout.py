"""Pure: addresses in the order of lines of their country."""

from typing import Any

import pytest

from shared.addresses.checks import check_address
from shared.addresses.layout import address_lines
from shared.addresses.schemas import Address


def lines(country: str, **fields: Any) -> list[str]:
    address = {"name": "Ada", "line1": "1 Main Street", "country": country} | fields
    return address_lines(check_address(Address.model_validate(address)))


@pytest.mark.parametrize(
    ("country", "fields", "printed"),
    [
        (
            "US",
            {"city": "Albany", "region": "New York", "postal_code": "12207", "line2": "Apt 2"},
            ["Ada", "1 Main Street", "Apt 2", "Albany, NY 12207", "United States"],
        ),
        (
            "GB",
            {"city": "London", "postal_code": "SW1Y4JH", "company": "Engines Ltd"},
            ["Ada", "Engines Ltd", "1 Main Street", "London", "SW1Y 4JH", "United Kingdom"],
        ),
        (
            "GB",
            {"city": "London", "postal_code": "SW1Y4JH", "region": "Greater London"},
            ["Ada", "1 Main Street", "London", "SW1Y 4JH", "Greater London", "United Kingdom"],
        ),
        (
            "DE",
            {"city": "Berlin", "postal_code": "10115"},
            ["Ada", "1 Main Street", "10115 Berlin", "Germany"],
        ),
        (
            "CH",
            {"city": "Bern", "postal_code": "3000"},
            ["Ada", "1 Main Street", "CH-3000 Bern", "Switzerland"],
        ),
        (
            "HK",
            {"city": "Central", "region": "Hong Kong Island"},
            ["Ada", "1 Main Street", "Central", "Hong Kong Island", "Hong Kong"],
        ),
        (
            "HK",
            {"name": "陳", "line1": "德輔道中1號", "city": "中環", "region": "香港島"},
            ["香港島", "中環", "德輔道中1號", "陳", "Hong Kong"],
        ),
        (
            "JP",
            {
                "name": "山田",
                "line1": "丸の内1-1",
                "city": "千代田区",
                "region": "tokyo",
                "postal_code": "1000001",
            },
            ["〒100-0001", "東京都千代田区", "丸の内1-1", "山田", "Japan"],
        ),
        (
            "JP",
            {"city": "Chiyoda", "region": "東京都", "postal_code": "1000001"},
            ["Ada", "1 Main Street", "Chiyoda, Tokyo", "100-0001", "Japan"],
        ),
        (
            "SG",
            {"city": "Singapore", "postal_code": "546080"},
            ["Ada", "1 Main Street", "SINGAPORE 546080", "Singapore"],
        ),
        (
            "GG",
            {"city": "St Peter Port", "postal_code": "GY1 1AA"},
            ["Ada", "1 Main Street", "St Peter Port", "GUERNSEY", "GY1 1AA", "Guernsey"],
        ),
        (
            "PR",
            {"city": "San Juan", "postal_code": "00901"},
            ["Ada", "1 Main Street", "San Juan PR 00901", "Puerto Rico"],
        ),
        (
            "IE",
            {"city": "Dublin"},
            ["Ada", "1 Main Street", "Dublin", "Ireland"],
        ),
    ],
)
def test_lines_are_in_the_order_of_the_country(country, fields, printed):
    assert lines(country, **fields) == printed
