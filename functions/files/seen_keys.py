"""Which keys a file has, in constant memory for each, and in which row each came first. Pure.

A set of a million texts takes 120 MB. This table takes 12 bytes a slot: a hash of 64 bits, and the
number of the row. Two of a million keys have the same hash once in 37 million files.
"""

from array import array
from hashlib import blake2b
from typing import Self

KEYS_MAX = 3_000_000  # the table then has 4 million slots: 50 MB, and 75 MB while it grows
_FILL_MAX = 0.75


class SeenKeys:
    def __init__(self, slots: int = 4_096) -> None:
        self._hashes = array("Q", bytes(8 * slots))
        self._rows = array("I", bytes(4 * slots))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: str) -> bool:
        return bool(self._hashes[self._find(_hash(key))])

    def add(self, key: str, row: int) -> int | None:
        """The row that had this key before; None if none had."""
        if self._count >= _FILL_MAX * len(self._hashes):
            self._grow()
        hashed = _hash(key)
        slot = self._find(hashed)
        if self._hashes[slot]:
            return self._rows[slot]
        self._hashes[slot], self._rows[slot] = hashed, row
        self._count += 1
        return None

    def find(self, key: str) -> int | None:
        """The number that this key was added with; None if it was not added."""
        slot = self._find(_hash(key))
        return self._rows[slot] if self._hashes[slot] else None

    def to_bytes(self) -> bytes:
        """The keys without their rows."""
        return self._hashes.tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """To look keys up. None can be added."""
        keys = cls(slots=1)
        keys._hashes = array("Q")
        keys._hashes.frombytes(content)
        return keys

    def _find(self, hashed: int) -> int:
        """The slot of this hash, or the free one where it belongs."""
        last = len(self._hashes) - 1
        slot = hashed & last
        while self._hashes[slot] not in (0, hashed):
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        hashes, rows = self._hashes, self._rows
        self._hashes = array("Q", bytes(16 * len(hashes)))
        self._rows = array("I", bytes(8 * len(rows)))
        for hashed, row in zip(hashes, rows, strict=True):
            if hashed:
                slot = self._find(hashed)
                self._hashes[slot], self._rows[slot] = hashed, row


def _hash(key: str) -> int:
    """Never 0, which marks a free slot."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1
