"""A picture -> the files of its sizes. The same file always makes the same bytes under one key."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

from PIL import Image

from pictures import file_types
from pictures.decoding import decode
from pictures.file_types import FileType, recognise
from shared.pictures.lists import ReadyPicture
from shared.pictures.sizes import DIGEST_LENGTH, choose_longer_sides, file_key, scale
from shared.records import Record

RECIPE = b"souk pictures 1"  # another way to make sizes needs another number: keys keep their bytes
_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 82, "optimize": True, "progressive": True},
    "PNG": {"optimize": True},
    "GIF": {},
    "WEBP": {"quality": 82, "method": 4},
    "AVIF": {"quality": 65, "speed": 8},
}


class DerivedFile(Record):
    key: str
    content_type: str
    content: bytes


class DerivedPicture(Record):
    ready: ReadyPicture
    files: tuple[DerivedFile, ...]


def derive(content: bytes) -> DerivedPicture:
    """All sizes of the picture in this file. Raises BadPicture."""
    kind = recognise(content)
    decoded = decode(content, kind)
    digest = hashlib.sha256(RECIPE + content).hexdigest()[:DIGEST_LENGTH]
    sides = choose_longer_sides(decoded.width, decoded.height)
    ready = ReadyPicture(digest, kind.extension, decoded.width, decoded.height, tuple(sides))
    return DerivedPicture(ready, tuple(_encode_sizes(decoded.image, ready, kind)))


def _encode_sizes(image: Image.Image, ready: ReadyPicture, kind: FileType) -> Iterator[DerivedFile]:
    for side in ready.sizes:
        shape = scale(ready.width, ready.height, side)
        sized = image if image.size == shape else image.resize(shape, Image.Resampling.LANCZOS)
        for target in dict.fromkeys((kind, file_types.WEBP)):
            yield DerivedFile(
                file_key(ready.digest, side, target.extension),
                target.content_type,
                _encode(sized, target),
            )


def _encode(image: Image.Image, target: FileType) -> bytes:
    buffer = io.BytesIO()
    opaque = target is file_types.JPEG and image.mode != "RGB"
    (image.convert("RGB") if opaque else image).save(
        buffer, target.format, **_OPTIONS[target.format]
    )
    return buffer.getvalue()
