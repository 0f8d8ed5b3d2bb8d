"""Which kind of picture a file is, by its content. Pure: no decoder sees a file of another kind."""

from pictures.failures import BadPicture
from shared.records import Record

FRAMES_MAX = 1_000


class FileType(Record):
    format: str  # Pillow's name
    extension: str
    content_type: str


JPEG = FileType("JPEG", "jpg", "image/jpeg")
PNG = FileType("PNG", "png", "image/png")
GIF = FileType("GIF", "gif", "image/gif")
WEBP = FileType("WEBP", "webp", "image/webp")
AVIF = FileType("AVIF", "avif", "image/avif")

_FRAME, _EXTENSION = 0x2C, 0x21  # blocks of a GIF
_BRANDS_OF_AVIF = (b"avif", b"avis")
_OTHERS = {
    b"PK": "a ZIP file",
    b"%PDF": "a PDF",
    b"BM": "a BMP picture",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
    b"\x1f\x8b": "a gzip file",
}


def recognise(content: bytes) -> FileType:
    """The type that the first bytes say, whatever the name of the file. Raises BadPicture."""
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content[4:8] == b"ftyp" and _has_brand_of_avif(content):
        return AVIF
    raise BadPicture(
        "unsupported_picture_type",
        f"The file is {_describe(content)}. Send a JPEG, PNG, WebP, GIF or AVIF picture.",
    )


def _has_brand_of_avif(content: bytes) -> bool:
    box = content[: min(int.from_bytes(content[:4], "big"), 256)]
    brands = [box[start : start + 4] for start in (8, *range(16, len(box), 4))]
    return any(brand in _BRANDS_OF_AVIF for brand in brands)


def _describe(content: bytes) -> str:
    if not content:
        return "empty"
    start = content[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<"):
        return "an SVG drawing" if b"<svg" in start else "a web page or XML"
    if content[4:8] == b"ftyp":
        return "a HEIC picture or a film"
    for magic, name in _OTHERS.items():
        if content.startswith(magic):
            return name
    return "no picture that the shop knows"


def count_gif_frames(content: bytes, frames_max: int) -> int:
    """The frames of a GIF, counted no further than one more than `frames_max`.

    It reads the lengths of blocks alone. Pillow would decode every frame before the last.
    """
    position = 13 + _palette_bytes(content, 10)
    frames = 0
    while position < len(content) and frames <= frames_max:
        block = content[position]
        if block == _FRAME:
            frames += 1
            position = _skip_blocks(content, position + 11 + _palette_bytes(content, position + 9))
        elif block == _EXTENSION:
            position = _skip_blocks(content, position + 2)
        else:
            break
    return frames


def _palette_bytes(content: bytes, position: int) -> int:
    """The length of the palette that follows, from the flags at this position."""
    flags = content[position] if position < len(content) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_blocks(content: bytes, position: int) -> int:
    """The position after a list of blocks, of which each has its length first and the last none."""
    while position < len(content) and content[position]:
        position += content[position] + 1
    return position + 1
