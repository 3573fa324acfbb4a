"""A picture in a file: opened without believing it, turned upright, in three colours on white."""

import contextlib
import hashlib
import io
import logging
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.errors import UserError
from engine.requests import ImageInput
from engine.results import Notice

logging.getLogger("PIL").setLevel(logging.CRITICAL)  # it logs what it then raises
MOST_PIXELS = 64_000_000
MOST_BYTES = 500_000_000
LONGEST_SHOWN = 1536  # pixels of the longer side of what is shown
SUFFIXES = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
}
_SMALL = 16  # pixels; what a model is given of less is made up between them
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")
_ORIENTATION = 0x0112
_WHITE = (255, 255, 255, 255)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """``image`` in RGB, upright; ``notices``: what had to be done to make it that."""

    image: Image.Image
    notices: tuple[Notice, ...]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.image.size

    def shown(self) -> NDArray[np.uint8]:
        """(height, width, 3) as a person sees it; a large one made smaller."""
        longest = max(self.size)
        image = self.image
        if longest > LONGEST_SHOWN:
            width, height = (max(1, round(side * LONGEST_SHOWN / longest)) for side in self.size)
            image = image.resize((width, height), Image.Resampling.BOX, reducing_gap=2.0)
        return np.array(image, dtype=np.uint8)


def image_input(path: str | Path) -> ImageInput:
    """The picture at ``path`` as it is now, to be asked about.

    Raises:
        UserError: there is nothing to read, or far too much.
    """
    file = Path(path).expanduser()
    content = _content(file)
    return ImageInput(str(file.absolute()), hashlib.sha256(content).hexdigest())


def read_image(given: ImageInput) -> Picture:
    """Open ``given``; nothing in it is believed before it is checked.

    Raises:
        UserError: it is no picture, damaged, too large, or another one by now.
    """
    file = Path(given.path)
    content = _content(file)
    if hashlib.sha256(content).hexdigest() != given.sha256:
        raise UserError(f"{file.name} has changed since it was opened; open it again.", "changed")
    return picture_of(content, file.name)


def _content(file: Path) -> bytes:
    try:
        if not file.is_file():  # a pipe or a device would never end
            raise UserError(f"There is no picture at {str(file)!r}; check the path.", "no_such_path")
        if file.stat().st_size > MOST_BYTES:
            raise UserError(f"{file.name} is larger than {MOST_BYTES // 1_000_000} MB; save a smaller copy.", "too_large")
        return file.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"{file.name} cannot be read ({why}).", "unreadable") from None


def picture_of(content: bytes, name: str) -> Picture:
    """The picture in ``content``, a file called ``name``.

    Raises:
        UserError: no picture, damaged, or too large.
    """
    if not content:
        raise UserError(f"{name} is empty; copy it again.", "empty")
    with _refusals_in_words(name, content), _without_warnings():
        image: Image.Image = Image.open(io.BytesIO(content), formats=list(SUFFIXES))
        _check_size(image, name)
        said = [*_of_suffix(image, name), *_of_frames(image)]
        deep = any("16" in str(tile[3]) for tile in getattr(image, "tile", ()))  # of three colours; Pillow reduces them itself
        with _libtiff_in_silence() if image.format == "TIFF" else contextlib.nullcontext():
            image.load()
        if deep and image.mode == "RGB":
            said.append(_depth())
        image, turned = _upright(image)
        image, converted = _in_three_colours(image, name)
        said += [*turned, *converted]
    if min(image.size) < _SMALL:
        words = f"The picture is only {image.width} × {image.height} pixels; what the model is given is made up between them."
        said.append(Notice(words, "small"))
    return Picture(image, tuple(said))


@contextmanager
def _libtiff_in_silence() -> Iterator[None]:
    """It writes what it thinks of a file to standard error, past Python; what is wrong is said in our own words."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # a window without a console has none
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """What Pillow warns of is checked here, or harmless; a bomb is none of that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextmanager
def _refusals_in_words(name: str, content: bytes) -> Iterator[None]:
    """Pillow raises what its decoders raise; the user gets one sentence."""
    try:
        yield
    except UserError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _too_large(name) from None
    except UnidentifiedImageError:
        if content.startswith(_SIGNATURES):
            raise UserError(f"{name} is damaged, or only its beginning is there; copy it again.", "damaged") from None
        raise UserError(
            f"{name} is no picture that is read here: PNG, JPEG, BMP, GIF, WebP and TIFF are.", "no_picture"
        ) from None
    except MemoryError:
        raise UserError(f"There is not enough memory for {name}; save a smaller copy.", "out_of_memory") from None
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        if "truncated" in str(error).lower():
            raise UserError(
                f"{name} is cut short: the end of the picture is missing; copy it again.", "cut_short", detail
            ) from None
        raise UserError(f"{name} is damaged; copy it again, or save it anew.", "damaged", detail) from None


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise UserError(f"{name} is a picture of {width} × {height} pixels: there is nothing in it.", "empty")
    if width * height > MOST_PIXELS:
        raise _too_large(name, f"{width:,} × {height:,} pixels")


def _too_large(name: str, size: str = "far too many pixels") -> UserError:
    return UserError(
        f"{name} has {size}; more than {MOST_PIXELS // 1_000_000} million are not read. Save a smaller copy.", "too_large"
    )


def _of_suffix(image: Image.Image, name: str) -> list[Notice]:
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    suffix = Path(name).suffix.lower()
    if not suffix or suffix in SUFFIXES.get(kind, ()):
        return []
    return [Notice(f"{name} is a {kind} file, whatever its name says.", "suffix")]


def _of_frames(image: Image.Image) -> list[Notice]:
    frames = int(getattr(image, "n_frames", 1))
    return [Notice(f"The first of {frames} frames is explained.", "frames")] if frames > 1 else []


def _upright(image: Image.Image) -> tuple[Image.Image, list[Notice]]:
    """As the camera was held."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF data say nothing
        return image, []
    if orientation not in range(2, 9):
        return image, []
    turned = ImageOps.exif_transpose(image)
    return turned, [Notice("Turned upright, as its EXIF data say.", "turned")]


def _in_three_colours(image: Image.Image, name: str) -> tuple[Image.Image, list[Notice]]:
    if image.mode.startswith("I") or image.mode == "F":
        return _of_deep_grey(image, name)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        seen_through = bool((np.asarray(image.getchannel("A")) < 255).any())
        white = Image.new("RGBA", image.size, _WHITE)
        solid = Image.alpha_composite(white, image).convert("RGB")
        return solid, [Notice("It is partly transparent, and was laid on white.", "transparent")] if seen_through else []
    if image.mode == "CMYK":
        return image.convert("RGB"), [Notice("CMYK colours were turned into RGB without their colour profile.", "colours")]
    return image.convert("RGB"), []


def _of_deep_grey(image: Image.Image, name: str) -> tuple[Image.Image, list[Notice]]:
    """16 bits to 8; of 32 the picture's own range."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return _grey((values.astype(np.uint32) + 128) // 257), [_depth()]
    low, high = float(values.min()), float(values.max())  # NaN if one is
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UserError(f"{name} holds NaN or infinity; save it as an ordinary picture.", "damaged")
    shades = values.astype(np.float32)
    if low >= 0 and 1 < high <= 255:  # of 0 … 1, as many programs write it, hardly a shade would be left
        return _grey(np.rint(shades, out=shades)), []
    words = f"Its values from {low:g} to {high:g} were spread over black to white."
    gain = 255 / (high - low) if high > low else 0.0
    shades *= np.float32(gain)  # first: the range itself may be more than a number holds
    shades -= np.float32(low * gain)
    return _grey(np.rint(shades, out=shades).clip(0, 255)), [Notice(words, "depth")]


def _grey(shades: NDArray[Any]) -> Image.Image:
    """Of 0 … 255, whole."""
    return Image.fromarray(shades.astype(np.uint8)).convert("RGB")


def _depth() -> Notice:
    return Notice("Its 16 bits for each channel were reduced to 8.", "depth")
