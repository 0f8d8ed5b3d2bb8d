"""Files that are made to harm: each ends as a refusal with a reason, in little memory and time."""

import resource
import struct
import zlib
from contextlib import suppress

import pytest
from PIL import Image

from pictures import decoding
from pictures.derivatives import derive
from pictures.failures import BadPicture
from tests.support.pictures import encode

MEGABYTES_MAX = 100  # that a refusal may take
TEAPOT = Image.effect_noise((300, 200), 60).convert("RGB")
FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "AVIF"]


def chunk(name: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + checksum


def png(width: int, height: int, *chunks: bytes, pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def with_size(kind: str, width: int, height: int) -> bytes:
    """A small file whose header declares this size."""
    if kind == "PNG":
        return png(width, height, pixels=zlib.compress(bytes(1_000)))
    content = bytearray(encode(Image.new("RGB", (16, 16)), kind))
    if kind == "GIF":
        struct.pack_into("<HH", content, 6, width, height)
    if kind == "JPEG":
        frame = next(i for i in range(len(content)) if content[i : i + 2] == b"\xff\xc0")
        struct.pack_into(">HH", content, frame + 5, height, width)
    return bytes(content)


def refusal(content: bytes) -> str:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadPicture) as refused:
        derive(content)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MEGABYTES_MAX * 1_000
    assert refused.value.failure.message
    return refused.value.failure.code


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG"])
def test_fifty_thousand_by_fifty_thousand_pixels_are_refused(kind):
    assert refusal(with_size(kind, 50_000, 50_000)) == "too_many_pixels"


@pytest.mark.parametrize(("width", "height"), [(7_100, 7_100), (1, 60_000_000), (25_001, 2_000)])
def test_one_pixel_too_many_is_refused_before_decoding(width, height, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("decoded"))

    assert refusal(with_size("PNG", width, height)) == "too_many_pixels"


def test_the_limit_is_of_pixels_and_not_of_sides():
    content = encode(Image.new("L", (25_000, 100)), "PNG")

    assert derive(content).ready.width == 25_000


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_broken(kind, share):
    content = encode(TEAPOT, kind)

    assert refusal(content[: int(len(content) * share)]) == "broken_picture"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_its_first_bytes_alone_is_broken(kind):
    assert refusal(encode(TEAPOT, kind)[:16]) == "broken_picture"


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_bomb_in_a_chunk_of_a_png_is_refused(name):
    bomb = zlib.compress(bytes(200_000_000), 9)
    prefix = {b"zTXt": b"k\0\0", b"iTXt": b"k\0\1\0\0\0", b"iCCP": b"k\0\0"}[name]
    pixels = zlib.compress(bytes(31 * 10))

    content = png(10, 10, chunk(name, prefix + bomb), pixels=pixels)

    assert len(content) < 1_000_000
    assert refusal(content) == "broken_picture"


def test_many_texts_in_a_png_are_refused_together():
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1_000_000), 9))

    content = png(10, 10, *([text] * 100), pixels=zlib.compress(bytes(31 * 10)))

    assert refusal(content) == "broken_picture"


def test_pixels_that_unpack_to_more_than_declared_are_ignored():
    content = png(10, 10, pixels=zlib.compress(bytes(100_000_000), 9))

    assert derive(content).ready.width == 10


@pytest.mark.parametrize("kind", FORMATS)
def test_flipped_bytes_are_decoded_or_refused(kind):
    """Whatever a decoder makes of them, it ends."""
    content = encode(TEAPOT, kind)
    for position in range(20, len(content), max(1, len(content) // 40)):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        with suppress(BadPicture):
            assert derive(bytes(damaged)).files


def test_a_decoder_that_crashes_refuses_the_picture(monkeypatch):
    def crash(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr(decoding.Image, "open", crash)

    assert refusal(encode(TEAPOT, "PNG")) == "broken_picture"


def test_a_picture_of_zero_pixels_is_broken():
    assert refusal(with_size("PNG", 0, 10)) == "broken_picture"
