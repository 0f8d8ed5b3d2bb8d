"""How orders are found other than by their ids."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

# Of `Order`, which has them as attributes: naming it here would be circular.


class OrdersByBuyer(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_buyer"
        projection = AllProjection()

    buyer_id = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)


class OrdersByStatus(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_status"
        projection = KeysOnlyProjection()

    status = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)


class OrdersByMonth(GlobalSecondaryIndex[Any]):
    """All orders by date. Each month is a partition, so that no partition grows without bound."""

    class Meta:
        index_name = "by_month"
        projection = KeysOnlyProjection()

    placed_month = UnicodeAttribute(hash_key=True)  # 2026-11
    placed_at = UTCDateTimeAttribute(range_key=True)


class OrdersByExpiry(GlobalSecondaryIndex[Any]):
    """Sparse: only orders that await their payment, the first to expire first."""

    class Meta:
        index_name = "by_expiry"
        projection = KeysOnlyProjection()

    awaits = UnicodeAttribute(hash_key=True)
    expires_at = UTCDateTimeAttribute(range_key=True)


class OrdersBySettlement(GlobalSecondaryIndex[Any]):
    """Sparse: only orders that need something from the payment provider, the first due first."""

    class Meta:
        index_name = "by_settlement"
        projection = KeysOnlyProjection()

    settlement = UnicodeAttribute(hash_key=True)
    settlement_due_at = UTCDateTimeAttribute(range_key=True)


class OrdersByGuest(GlobalSecondaryIndex[Any]):
    """Sparse: guests' orders, until they are linked to an account or anonymized."""

    class Meta:
        index_name = "by_guest"
        projection = KeysOnlyProjection()

    guest_email = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)
