"""Files that are made as they are read, so that nobody has held them."""

import io
from collections.abc import Iterator

MEGABYTE = 1_000_000


class Stream(io.RawIOBase):
    """What S3 sends."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._ahead = b""
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        self._ahead = self._ahead or next(self._pieces, b"")
        piece, self._ahead = self._ahead[: len(buffer)], self._ahead[len(buffer) :]
        buffer[: len(piece)] = piece
        self.taken += len(piece)
        return len(piece)


def repeated(opening: bytes, piece: bytes, *, megabytes: int) -> Iterator[bytes]:
    yield opening
    for _ in range(megabytes * MEGABYTE // len(piece)):
        yield piece
