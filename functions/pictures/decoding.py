"""A file -> its picture: upright, in sRGB, at most as large as the largest size.

Pillow decodes what the file's first bytes say it is, and only after the limits are checked. What a
file says besides its pixels (EXIF, GPS, comments, profiles) stays behind: no size is saved with it.
"""

import io
import warnings

from PIL import Image, ImageCms, ImageOps

from pictures.failures import BadPicture
from pictures.file_types import FRAMES_MAX, GIF, JPEG, FileType, count_gif_frames
from shared import observability
from shared.pictures.sizes import LONGER_SIDES
from shared.records import Record

PIXELS_MAX = 50_000_000  # decoded, they take 200 MB
Image.MAX_IMAGE_PIXELS = PIXELS_MAX
# Pillow's own bounds on the texts and profiles in a PNG: what they unpack to counts.
_ORIENTATION = 0x0112  # of EXIF
_SRGB = ImageCms.createProfile("sRGB")
_COLOURS_OF = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}  # what a profile must be for
_LARGEST = LONGER_SIDES[-1]


class DecodedPicture(Record):
    """`image` is RGB or RGBA. `width` and `height` are those of the upright picture in the file."""

    image: Image.Image
    width: int
    height: int


def decode(content: bytes, kind: FileType) -> DecodedPicture:
    """Raises BadPicture."""
    _check_frames(content, kind)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[kind.format]) as opened:
                return _read(opened, kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except BadPicture:
        raise
    except Exception as error:  # decoders raise whatever a broken file makes them do
        observability.logger.info("picture not decoded", reason=type(error).__name__)
        raise BadPicture(
            "broken_picture", "The file is damaged or incomplete. Save the picture again."
        ) from error


def _check_frames(content: bytes, kind: FileType) -> None:
    if kind == GIF and count_gif_frames(content, FRAMES_MAX) > FRAMES_MAX:
        raise _too_many_frames()


def _too_many_frames() -> BadPicture:
    return BadPicture(
        "too_many_frames",
        f"The animation has more than {FRAMES_MAX:,} frames. Send a shorter or a still one.",
    )


def _too_many_pixels() -> BadPicture:
    return BadPicture(
        "too_many_pixels",
        f"The picture has more than {PIXELS_MAX // 1_000_000} million pixels. Make it smaller.",
    )


def _read(opened: Image.Image, kind: FileType) -> DecodedPicture:
    width, height = opened.size
    if width * height > PIXELS_MAX:
        raise _too_many_pixels()
    if kind != GIF and getattr(opened, "n_frames", 1) > FRAMES_MAX:
        raise _too_many_frames()
    if kind == JPEG:  # decodes at half the size, or a quarter, if that is large enough
        opened.draft(None, (_LARGEST, _LARGEST))
    opened.load()
    profile, exif = opened.info.get("icc_profile"), opened.getexif()
    image = _to_plain_mode(opened)
    image.thumbnail((_LARGEST, _LARGEST), Image.Resampling.LANCZOS)
    image = _to_srgb(image, profile)
    orientation = exif.get(_ORIENTATION, 1)
    image = _turn(image, orientation)
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    return DecodedPicture(image, width, height)


def _to_plain_mode(image: Image.Image) -> Image.Image:
    """In one of the modes L, LA, RGB, RGBA and CMYK, of eight bits a channel."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("LA" if image.mode in ("LA", "L", "1") else "RGBA")
    if image.mode in ("L", "CMYK", "RGB"):
        return image.copy()
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """As RGB or RGBA. A profile that is broken or of other colours is ignored, as browsers do."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    opaque = image.convert({"LA": "L", "RGBA": "RGB"}[image.mode]) if alpha else image
    colours = _apply_profile(opaque, profile) if profile else opaque
    converted = colours.convert("RGB")
    if alpha is not None and alpha.getextrema() != (255, 255):
        converted.putalpha(alpha)
    return converted


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _COLOURS_OF[image.mode]:
            return image
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        observability.logger.info("colour profile ignored", reason=type(error).__name__)
        return image
    return converted or image


def _turn(image: Image.Image, orientation: int) -> Image.Image:
    image.info.clear()
    image.getexif()[_ORIENTATION] = orientation
    upright = ImageOps.exif_transpose(image)
    upright.info.clear()
    return upright
