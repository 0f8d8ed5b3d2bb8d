"""Products, their groups and their stock."""

from typing import Literal

from pynamodb.attributes import (
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    KeysOnlyProjection,
    LocalSecondaryIndex,
)

from shared.config import Tables, settings
from shared.storage.documents import Document
from shared.storage.dynamo import Table

_tables = settings(Tables)

ProductStatus = Literal["draft", "active", "archived"]
StockPolicy = Literal["tracked", "backorder", "untracked"]
TRACKED: StockPolicy = "tracked"  # sold until no unit is left
BACKORDER: StockPolicy = "backorder"  # sold beyond that: the stock falls below 0
UNTRACKED: StockPolicy = "untracked"  # not counted: orders take no units
UNLIMITED = 10**9  # back-orders of a product without a limit; stored with its stock


class ProductsByStatus(GlobalSecondaryIndex["Product"]):
    """For staff: all products of a status. Each status is written to several shards."""

    class Meta:
        index_name = "by_status"
        projection = KeysOnlyProjection()

    status_shard = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class Picture(Document):
    """A picture of a product, at its place in the product's list (`shared.pictures`)."""

    picture_id = UnicodeAttribute()
    status = UnicodeAttribute()  # waiting, ready or failed
    alt = UnicodeAttribute(null=True)
    source = UnicodeAttribute(null=True)  # which reference of an import it is from
    created_at = UTCDateTimeAttribute()
    # While it is ready: what follows from its file, under keys with the file's digest.
    digest = UnicodeAttribute(null=True)
    extension = UnicodeAttribute(null=True)  # of the sizes in the file's own format: jpg, png, ...
    width = NumberAttribute(null=True)  # pixels of the upright picture
    height = NumberAttribute(null=True)
    sizes = ListAttribute(of=NumberAttribute, null=True)  # the longer side of each, ascending
    # While it is failed
    code = UnicodeAttribute(null=True)
    message = UnicodeAttribute(null=True)


class Product(Table):
    """A product as staff edit it. Shoppers find it through `Listing` and `Posting`.

    Its attributes follow from `products.schemas.NewProduct` (`STORED_AS` there has the names).
    """

    class Meta:
        table_name = _tables.products_table

    product_id = UnicodeAttribute(hash_key=True)  # derived from the SKU (products.identifiers)
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute()
    category = UnicodeAttribute(null=True)  # a path: home/kitchen/teapots
    price_minor = NumberAttribute()
    compare_at_minor = NumberAttribute(null=True)  # what it cost before, in the same currency
    currency = UnicodeAttribute()
    status = UnicodeAttribute()  # draft, active or archived
    tags = ListAttribute(of=UnicodeAttribute)
    attributes_json = JSONAttribute(attr_name="attributes")
    group = UnicodeAttribute(null=True)  # the product is one of its variants
    options_json = JSONAttribute(attr_name="options", default=dict)  # unlike any other variant's
    stock_shards = NumberAttribute(default=1)
    stock_policy = UnicodeAttribute(default=TRACKED)
    backorder_limit = NumberAttribute(null=True)  # units below 0; null: as many as are ordered
    low_stock_at = NumberAttribute(null=True)  # `stock.low` is sent at this level
    order_quantity_max = NumberAttribute(null=True)  # units in one order; null: the shop's default
    tax_class = UnicodeAttribute(default="standard")  # selects one of the tax rates
    weight_grams = NumberAttribute(null=True)  # of one unit
    barcode = UnicodeAttribute(null=True)  # a GTIN, digits alone
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    version = NumberAttribute()

    # They have a version of their own: a picture that becomes ready refuses no edit of the product.
    pictures = ListAttribute(of=Picture, null=True)
    pictures_version = NumberAttribute(null=True)

    status_shard = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)  # creation time, then id: a total order

    by_status = ProductsByStatus()

    def quantity_max(self, default: int) -> int:
        """The units of it that one order may have: the limit that staff gave it, or the default."""
        return int(self.order_quantity_max or default)

    @property
    def backorders_max(self) -> int:
        """The units that may be sold beyond the stock."""
        return int(self.backorder_limit or UNLIMITED) if self.stock_policy == BACKORDER else 0

    def orderable(self, available: int) -> int:
        """The units that can be ordered while the stock has these."""
        if self.stock_policy == UNTRACKED:
            return UNLIMITED
        return max(0, available + self.backorders_max)

    def in_stock(self, available: int) -> int:
        """The units that shoppers see while the stock has these."""
        return 0 if self.stock_policy == UNTRACKED else max(0, available)

    def beyond_stock(self, quantity: int, available: int) -> int:
        """Of these units, those that an order would back-order."""
        return max(0, quantity - max(0, available)) if self.stock_policy == BACKORDER else 0


class Variant(Document):
    product_id = UnicodeAttribute()
    sku = UnicodeAttribute()
    options_json = JSONAttribute(attr_name="options")
    status = UnicodeAttribute()
    currency = UnicodeAttribute()
    stock_policy = UnicodeAttribute(default=TRACKED)


class ProductGroup(Table):
    """The variants of one group. Written with each variant, so that no two have equal options."""

    class Meta:
        table_name = _tables.groups_table

    group = UnicodeAttribute(hash_key=True)
    variants = ListAttribute(of=Variant)
    version = NumberAttribute()


class Stock(Table):
    """The units of a product. A table of its own, so that a sale writes to no index of the catalog.

    A product's stock can have several shards (`shared.storage.stock_shards`), one item each.
    """

    class Meta:
        table_name = _tables.stock_table

    product_id = UnicodeAttribute(hash_key=True)  # followed by `#n` for the shards after the first
    available = NumberAttribute()  # below 0: so many units are back-ordered
    allocated = NumberAttribute(default=0)  # to open orders
    version = NumberAttribute()  # counts every change, sales too
    # Each is set when it changes: orders in another currency, or with another number of units that
    # may be sold beyond the stock, are refused.
    currency = UnicodeAttribute(null=True)
    backorders_max = NumberAttribute(null=True)


class StockLevel(Table):
    """The level that events announced last: depleted, low or enough. Key `<product id>#level`."""

    shares_table_with = Stock

    class Meta:
        table_name = _tables.stock_table

    product_id = UnicodeAttribute(hash_key=True)
    level = UnicodeAttribute()
    version = NumberAttribute()


class MovementsByNewest(LocalSecondaryIndex["StockMovement"]):
    class Meta:
        index_name = "by_newest"
        projection = AllProjection()

    product_id = UnicodeAttribute(hash_key=True)
    moved_at = UnicodeAttribute(range_key=True)


class StockMovement(Table):
    """One change of a product's stock by staff. Never edited, never deleted.

    Orders record what they allocate. Movements and orders together explain the stock
    (`make verify`).
    """

    class Meta:
        table_name = _tables.stock_movements_table

    product_id = UnicodeAttribute(hash_key=True)
    movement_id = UnicodeAttribute(range_key=True)  # an adjustment's follows from its key
    kind = UnicodeAttribute()  # count, adjustment or import
    change = NumberAttribute()
    reason = UnicodeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    moved_at = UnicodeAttribute()  # time, then id: a total order
    fingerprint = UnicodeAttribute(null=True)  # digest of the request

    by_newest = MovementsByNewest()
