"""The sizes of a picture: upright, in sRGB, without what else the file said."""

import io

import pytest
from PIL import Image, ImageCms, ImageDraw

from pictures.derivatives import derive
from shared.pictures.sizes import choose_longer_sides, scale
from tests.support.pictures import encode

ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


def landscape(width: int = 400, height: int = 300) -> Image.Image:
    """Red on the left, blue on the right, a white bar on top."""
    image = Image.new("RGB", (width, height), "red")
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height), "blue")
    draw.rectangle((0, 0, width, height // 6), "white")
    return image


def opened(content: bytes, kind: str, longer_side: int) -> Image.Image:
    files = {file.key.rpartition("/")[2]: file for file in derive(content).files}
    return Image.open(io.BytesIO(files[f"{longer_side}.{kind}"].content))


def colour_at(image: Image.Image, across: float, down: float) -> tuple[int, ...]:
    pixel = image.convert("RGB").getpixel((int(image.width * across), int(image.height * down)))
    assert isinstance(pixel, tuple)
    return pixel


def is_near(found: tuple[int, ...], wanted: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((4_000, 3_000), [160, 480, 960, 1920]),
        ((1_920, 10), [160, 480, 960, 1920]),
        ((1_921, 10), [160, 480, 960, 1920]),
        ((700, 500), [160, 480, 700]),
        ((500, 700), [160, 480, 700]),
        ((480, 480), [160, 480]),
        ((100, 50), [100]),
        ((1, 1), [1]),
    ],
)
def test_no_size_is_larger_than_the_picture(shape, sides):
    assert choose_longer_sides(*shape) == sides


def test_a_size_keeps_the_shape_and_has_a_pixel_at_least():
    assert scale(4_000, 3_000, 480) == (480, 360)
    assert scale(3, 2_000, 160) == (1, 160)


@pytest.mark.parametrize(
    ("kind", "extension", "files"),
    [
        ("JPEG", "jpg", 4),
        ("PNG", "png", 4),
        ("GIF", "gif", 4),
        ("AVIF", "avif", 4),
        ("WEBP", "webp", 2),
    ],
)
def test_each_size_has_the_own_format_and_webp(kind, extension, files):
    derived = derive(encode(landscape(), kind))

    assert derived.ready.extension == extension
    assert derived.ready.sizes == (160, 400)
    assert len(derived.files) == files
    for file in derived.files:
        image = Image.open(io.BytesIO(file.content))
        assert file.content_type == Image.MIME[str(image.format)]
        assert max(image.size) == int(file.key.rpartition("/")[2].partition(".")[0])


def test_the_same_file_makes_the_same_bytes_under_the_same_keys():
    content = encode(landscape(), "JPEG")

    assert derive(content) == derive(content)


def test_another_file_has_other_keys():
    keys = {file.key for file in derive(encode(landscape(), "PNG")).files}

    assert keys.isdisjoint(file.key for file in derive(encode(landscape(399), "PNG")).files)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(kind, orientation):
    """The file has the turned pixels, as a phone stores them, and says how to turn them back."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = landscape()
    stored = image.transpose(turns[orientation]) if orientation in turns else image
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    content = encode(stored, kind, exif=exif)
    derived = derive(content)

    assert (derived.ready.width, derived.ready.height) == (400, 300)
    upright = opened(content, "webp", 400)
    assert upright.size == (400, 300)
    assert is_near(colour_at(upright, 0.2, 0.6), (255, 0, 0))
    assert is_near(colour_at(upright, 0.8, 0.6), (0, 0, 255))
    assert is_near(colour_at(upright, 0.5, 0.05), (255, 255, 255))


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_unknown_orientation_turns_nothing(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    assert derive(encode(landscape(), "JPEG", exif=exif)).ready.width == 400


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_what_the_file_says_besides_pixels_is_dropped(kind):
    exif = Image.Exif()
    exif[MAKE] = "Camera of Ada"
    exif.get_ifd(GPS)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    content = encode(landscape(), kind, exif=exif, icc_profile=profile)

    assert b"Camera of Ada" in content
    for file in derive(content).files:
        image = Image.open(io.BytesIO(file.content))
        assert not image.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment"} & image.info.keys(), file.key
        assert b"Camera of Ada" not in file.content


def srgb_with(*swapped: tuple[bytes, bytes]) -> bytes:
    """The profile of sRGB with other names for some of its parts."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for one, other in swapped:
        assert one in profile
        profile = profile.replace(one, b"----").replace(other, one).replace(b"----", other)
    return profile


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_colours_of_a_profile_become_srgb(kind):
    """In this profile the first channel is blue and the last is red."""
    profile = srgb_with((b"rXYZ", b"bXYZ"))

    content = encode(landscape(), kind, icc_profile=profile)
    shown = opened(content, "webp", 400)

    assert is_near(colour_at(shown, 0.2, 0.6), (0, 0, 255), by=20)
    assert is_near(colour_at(shown, 0.8, 0.6), (255, 0, 0), by=20)


def test_a_profile_keeps_what_is_transparent():
    image = landscape().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 150, 400, 300))

    content = encode(image, "PNG", icc_profile=srgb_with((b"rXYZ", b"bXYZ")))
    shown = opened(content, "png", 400)

    assert shown.getchannel("A").getpixel((200, 250)) == 0
    assert is_near(colour_at(shown, 0.2, 0.4), (0, 0, 255), by=20)


@pytest.mark.parametrize("space", [b"GRAY", b"CMYK", b"Lab "])
def test_a_profile_of_other_colours_is_ignored(space):
    content = encode(landscape(), "PNG", icc_profile=srgb_with((b"RGB ", space)))

    assert is_near(colour_at(opened(content, "png", 400), 0.2, 0.6), (255, 0, 0))


@pytest.mark.parametrize("profile", [b"no profile", b"\0" * 200, b""])
def test_a_broken_profile_is_ignored(profile):
    picture = opened(encode(landscape(), "PNG", icc_profile=profile), "png", 400)

    assert is_near(colour_at(picture, 0.2, 0.6), (255, 0, 0))


def test_a_cmyk_picture_becomes_rgb():
    cmyk = Image.new("CMYK", (200, 100), (0, 255, 255, 0))

    picture = opened(encode(cmyk, "JPEG"), "jpg", 200)

    assert picture.mode == "RGB"
    assert is_near(colour_at(picture, 0.5, 0.5), (255, 0, 0), by=20)


def test_sixteen_bits_of_grey_become_eight():
    image = Image.new("I;16", (20, 10), 0x8000)

    picture = opened(encode(image, "PNG"), "png", 20)

    assert picture.mode == "RGB"
    assert is_near(colour_at(picture, 0.5, 0.5), (128, 128, 128), by=1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_each_mode_of_a_png_is_shown(mode):
    image = landscape().convert("RGBA").convert(mode) if mode != "P" else landscape().quantize()

    picture = opened(encode(image, "PNG"), "webp", 400)

    assert picture.mode in ("RGB", "RGBA")
    assert is_near(colour_at(picture, 0.5, 0.05), (255, 255, 255))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_is_transparent_stays_so(kind):
    image = landscape().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 150, 400, 300))

    content = encode(image, kind)

    for extension in {kind.lower(), "webp"}:
        alpha = opened(content, extension, 400).convert("RGBA").getchannel("A")
        assert alpha.getpixel((200, 250)) == 0
        assert alpha.getpixel((200, 20)) == 255


def test_a_palette_with_a_transparent_colour_stays_transparent():
    image = landscape().quantize(8)
    first = image.getpixel((10, 290))

    picture = opened(encode(image, "PNG", transparency=first), "webp", 400)

    assert picture.convert("RGBA").getchannel("A").getpixel((10, 290)) == 0


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_shows_its_first_frame(kind):
    others = [Image.new("RGB", (400, 300), colour) for colour in ("green", "black")]

    content = encode(landscape(), kind, save_all=True, append_images=others)
    picture = opened(content, "webp", 400)

    assert getattr(picture, "n_frames", 1) == 1
    assert is_near(colour_at(picture, 0.2, 0.6), (255, 0, 0), by=20)


def test_an_animation_of_too_many_frames_is_refused_in_webp_too(monkeypatch):
    monkeypatch.setattr("pictures.decoding.FRAMES_MAX", 3)
    frames = [Image.new("RGB", (8, 8), (number * 20, 0, 0)) for number in range(5)]
    content = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])

    with pytest.raises(Exception, match="frames"):
        derive(content)


def test_a_large_photo_is_read_at_a_fraction_of_its_size():
    content = encode(landscape(6_000, 4_500), "JPEG")

    assert opened(content, "jpg", 1920).size == (1920, 1440)
