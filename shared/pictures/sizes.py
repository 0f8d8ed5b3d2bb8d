"""The sizes that the shop makes of a picture, and the keys of their files. Pure.

A file's key has the digest of the picture that it is made of, so no key ever gets other content:
caches may keep a file forever.
"""

from collections.abc import Iterator, Sequence

from shared.records import Record

LONGER_SIDES = (160, 480, 960, 1920)  # pixels: a thumbnail, a list, a page, a zoomed page
KEY_PREFIX = "pictures/"
DIGEST_LENGTH = 32  # hexadecimal digits: 128 bits
WEBP = "webp"


class Size(Record):
    """One size of a picture, with the keys of its two files. A WebP picture has one file."""

    width: int
    height: int
    key: str  # in the picture's own format
    webp_key: str


def choose_longer_sides(width: int, height: int) -> list[int]:
    """The longer side of each size of a picture, ascending. No size is larger than the picture."""
    longer = max(width, height)
    smaller = [side for side in LONGER_SIDES if side < longer]
    return [*smaller, longer] if longer <= LONGER_SIDES[-1] else smaller


def scale(width: int, height: int, longer_side: int) -> tuple[int, int]:
    """The width and height with this longer side and the same shape."""
    longer = max(width, height)
    scaled = (width * longer_side + longer // 2) // longer
    return max(1, scaled), max(1, (height * longer_side + longer // 2) // longer)


def file_key(digest: str, longer_side: int, extension: str) -> str:
    return f"{KEY_PREFIX}{digest}/{longer_side}.{extension}"


def list_sizes(
    digest: str, extension: str, shape: tuple[int, int], longer_sides: Sequence[int]
) -> Iterator[Size]:
    """`shape` is the width and height of the picture."""
    for side in longer_sides:
        width, height = scale(*shape, side)
        yield Size(width, height, file_key(digest, side, extension), file_key(digest, side, WEBP))
