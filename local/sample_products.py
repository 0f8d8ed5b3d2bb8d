"""The fourteen products of a new local shop. Three are variants of one scarf."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SampleProduct:
    sku: str
    name: str
    category: str
    price_minor: int  # EUR cents
    tags: list[str]
    stock: int
    more_fields: Mapping[str, Any] = field(default_factory=dict)

    def to_request(self) -> dict[str, Any]:
        """The body of POST /v1/products."""
        return {
            "sku": self.sku,
            "name": self.name,
            "category": self.category,
            "price": {"amount_minor": self.price_minor, "currency": "EUR"},
            "tags": self.tags,
            **self.more_fields,
        }


def _scarf(colour: str) -> Mapping[str, Any]:
    return {"group": "SCARF-LINEN", "options": {"colour": colour}}


SAMPLE_PRODUCTS = (
    SampleProduct(
        "TEA-MINT-100", "Moroccan mint tea, 100 g", "kitchen/tea", 690, ["tea", "organic"], 120
    ),
    SampleProduct("TEA-SENCHA-100", "Sencha, 100 g", "kitchen/tea", 1290, ["tea"], 80),
    SampleProduct("TEA-POT-BRASS", "Brass teapot, 0.8 l", "kitchen/tea", 4900, ["handmade"], 15),
    SampleProduct("SPICE-SAFFRON-1", "Saffron threads, 1 g", "kitchen/spices", 990, ["spice"], 60),
    SampleProduct(
        "SPICE-CUMIN-250", "Cumin seed, 250 g", "kitchen/spices", 450, ["spice", "organic"], 200
    ),
    SampleProduct("SPICE-ZAATAR-150", "Za'atar, 150 g", "kitchen/spices", 590, ["spice"], 140),
    SampleProduct(
        "BOWL-FEZ-18", "Fez bowl, 18 cm", "home/ceramics", 2400, ["handmade", "blue"], 25
    ),
    SampleProduct(
        "PLATE-FEZ-27", "Fez plate, 27 cm", "home/ceramics", 2900, ["handmade", "blue"], 25
    ),
    SampleProduct("LAMP-TIN-30", "Pierced tin lamp, 30 cm", "home/light", 7900, ["handmade"], 8),
    SampleProduct(
        "RUG-KILIM-120",
        "Kilim, 120 x 180 cm",
        "home/textiles",
        24900,
        ["handmade", "wool"],
        4,
        {"low_stock_at": 3},  # the first sale publishes `stock.low`
    ),
    SampleProduct(
        "SCARF-INDIGO", "Linen scarf", "clothing/scarves", 3500, ["linen"], 40, _scarf("indigo")
    ),
    SampleProduct(
        "SCARF-OLIVE", "Linen scarf", "clothing/scarves", 3500, ["linen"], 35, _scarf("olive")
    ),
    SampleProduct(
        "SCARF-SAND", "Linen scarf", "clothing/scarves", 3200, ["linen"], 12, _scarf("sand")
    ),
    SampleProduct(
        "SOAP-ALEPPO-200", "Aleppo soap, 200 g", "home/bath", 750, ["olive", "laurel"], 300
    ),
)
