"""What a file is, by its first bytes: its name and its declared type do not count."""

import io
import zipfile

import pytest
from PIL import Image

from pictures.derivatives import derive
from pictures.failures import BadPicture
from pictures.file_types import count_gif_frames, recognise
from tests.support.pictures import encode

TEAPOT = Image.new("RGB", (40, 30), "teal")
SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)


def zip_file() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


def refusal(content: bytes) -> tuple[str, str]:
    with pytest.raises(BadPicture) as refused:
        derive(content)
    return refused.value.failure.code, refused.value.failure.message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_a_picture_is_recognised_by_its_content(kind):
    assert recognise(encode(TEAPOT, kind)).format == kind


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "empty"),
        (zip_file(), "a ZIP file"),
        (SVG, "an SVG drawing"),
        (b"\xef\xbb\xbf \n" + SVG, "an SVG drawing"),
        (b"<!doctype html><script>alert(1)</script>", "a web page"),
        (b"%PDF-1.7", "a PDF"),
        (encode(TEAPOT, "BMP"), "a BMP picture"),
        (encode(TEAPOT, "TIFF"), "a TIFF picture"),
        (encode(TEAPOT, "ICO"), "no picture that the shop knows"),
        (encode(TEAPOT, "JPEG2000"), "no picture that the shop knows"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "a HEIC picture"),
        (b"sku,name\ntea,Tea\n", "no picture that the shop knows"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "no picture that the shop knows"),
    ],
)
def test_what_is_no_picture_is_named_and_refused(content, named):
    code, message = refusal(content)

    assert code == "unsupported_picture_type"
    assert f"The file is {named}" in message


def test_a_zip_behind_a_png_is_not_in_any_size():
    archive = zip_file()
    derived = derive(encode(TEAPOT, "PNG") + archive)

    assert derived.files
    for file in derived.files:
        assert archive not in file.content
        assert not zipfile.is_zipfile(io.BytesIO(file.content))


def test_a_script_inside_a_picture_is_not_in_any_size():
    gif = encode(TEAPOT, "GIF", comment=b"<script>alert(1)</script>")

    assert b"<script>" in gif
    assert not any(b"<script>" in file.content for file in derive(gif).files)


def animation(frames: int) -> bytes:
    """A GIF whose frames differ, so that Pillow keeps each."""
    colours = [(number % 256, number // 256, 0) for number in range(frames)]
    first, *others = (Image.new("RGB", (2, 2), colour) for colour in colours)
    return encode(first, "GIF", save_all=True, append_images=others)


@pytest.mark.parametrize("frames", [1, 2, 30])
def test_the_frames_of_a_gif_are_counted(frames):
    assert count_gif_frames(animation(frames), 1_000) == frames


def test_counting_stops_above_the_limit():
    assert count_gif_frames(animation(30), 10) == 11


def test_a_gif_of_ten_thousand_frames_is_refused():
    code, message = refusal(animation(10_000))

    assert code == "too_many_frames"
    assert "1,000 frames" in message


@pytest.mark.parametrize("cut", [6, 12, 13, 20, 30])
def test_a_gif_that_ends_early_is_broken(cut):
    assert count_gif_frames(animation(3)[:cut], 1_000) <= 3
    assert refusal(animation(3)[:cut])[0] == "broken_picture"
