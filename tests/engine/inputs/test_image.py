"""Pictures of every kind: each is read, or refused in one plain sentence; nothing else ever comes out."""

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import UserError
from engine.inputs.image import LONGEST_SHOWN, Picture, image_input, picture_of, read_image
from engine.requests import ImageInput
from tests.engine import tiny_images

PIXELS = tiny_images.pixels()


def content_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def kinds_of(picture: Picture) -> list[str]:
    return [notice.kind for notice in picture.notices]


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be this large."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(3 * min(width, 1000) + 1))
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (head, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF", "WEBP", "JPEG"])
def test_every_format_is_read(kind: str):
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = picture_of(content_of(Image.fromarray(PIXELS), kind, **options), f"a.{kind.lower()}")
    assert (picture.image.mode, picture.size) == ("RGB", (48, 40))
    assert kinds_of(picture) == []
    difference = np.abs(np.asarray(picture.image).astype(int) - PIXELS)
    assert difference.max() == 0 if kind in ("PNG", "BMP", "TIFF", "WEBP") else difference.mean() < 10


def test_a_picture_is_asked_about_by_its_content(tmp_path: Path):
    given = tiny_images.picture(tmp_path)
    assert given.sha256 == hashlib.sha256((tmp_path / "picture.png").read_bytes()).hexdigest()
    assert read_image(given).size == (48, 40)
    tiny_images.picture(tmp_path, seed=1)
    with pytest.raises(UserError, match=r"picture\.png has changed since it was opened"):
        read_image(given)


@pytest.mark.parametrize("path", ["nothing.png", ".", "a\0b.png", "x" * 300 + ".png"])
def test_what_is_no_file_is_said_so(tmp_path: Path, path: str):
    with pytest.raises(UserError) as refused:
        image_input(f"{tmp_path}/{path}")
    assert refused.value.kind in ("no_such_path", "unreadable")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"hello, I am no picture", "is no picture that is read here"),
        (b"\x89PNG\r\n\x1a\nrubbish", "is damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "is no picture that is read here"),
        (content_of(Image.fromarray(PIXELS))[:300], "cut short|damaged"),
        (content_of(Image.fromarray(PIXELS), "JPEG")[:600], "is cut short"),
        (content_of(Image.fromarray(PIXELS), "TIFF")[:600], "damaged|cut short"),
        (png_header(50_000, 50_000), "more than 64 million are not read"),
        (png_header(12_000, 8_000), "96|far too many"),
        (png_header(9_000, 8_000), "9,000 × 8,000 pixels; more than 64 million"),
        (png_header(0, 0), "nothing in it|damaged"),
    ],
    ids=["empty", "text", "beginning", "postscript", "png-cut", "jpeg-cut", "tiff-cut", "bomb", "large", "too-large", "zero"],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(content: bytes, says: str):
    with pytest.raises(UserError, match=says) as refused:
        picture_of(content, "a.png")
    assert "\n" not in refused.value.message
    assert "Error" not in refused.value.message


@given(st.binary(max_size=60), st.integers(0, 400), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
def test_damage_anywhere_is_a_picture_or_a_sentence(rubbish: bytes, where: int, kind: str):
    content = content_of(Image.fromarray(PIXELS[:16, :16]), kind)
    said = ""
    try:
        picture_of(content[:where] + rubbish + content[where + len(rubbish) :], "a")
    except UserError as error:
        said = error.message
    assert "\n" not in said


def test_decoders_keep_to_themselves_what_they_think(capfd: pytest.CaptureFixture[str]):
    content = bytearray(content_of(Image.fromarray(PIXELS), "TIFF", compression="tiff_lzw"))
    content[100:400] = b"\xff" * 300
    with pytest.raises(UserError, match=r"a\.tif is (damaged|cut short)"):
        picture_of(bytes(content), "a.tif")
    assert capfd.readouterr() == ("", "")


def test_a_single_pixel_is_read_and_said_to_be_one():
    picture = picture_of(content_of(Image.fromarray(PIXELS[:1, :1])), "a.png")
    assert picture.size == (1, 1)
    assert "only 1 × 1 pixels" in picture.notices[0].message


def test_sixteen_bits_become_eight():
    deep = PIXELS[..., 0].astype(np.uint16) * 257
    picture = picture_of(content_of(Image.fromarray(deep)), "a.png")
    np.testing.assert_array_equal(np.asarray(picture.image)[..., 1], PIXELS[..., 0])
    assert kinds_of(picture) == ["depth"]


def test_sixteen_bits_of_three_colours_are_said_too():
    head = b"IHDR" + struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" + struct.pack(">6H", 65535, 0, 257, 514, 32896, 0))
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (head, data, b"IEND")]
    picture = picture_of(b"\x89PNG\r\n\x1a\n" + b"".join(chunks), "a.png")
    assert np.asarray(picture.image).tolist() == [[[255, 0, 1], [2, 128, 0]]]
    assert "depth" in kinds_of(picture)


def test_numbers_of_any_range_are_spread_over_black_to_white():
    values = np.linspace(-2, 6, 20 * 30, dtype=np.float32).reshape(20, 30)
    picture = picture_of(content_of(Image.fromarray(values), "TIFF"), "a.tiff")
    grey = np.asarray(picture.image)[..., 0]
    assert (grey[0, 0], grey[-1, -1]) == (0, 255)
    assert "from -2 to 6" in picture.notices[0].message
    widest = np.where(values > 0, np.float32(3e38), np.float32(-3e38))
    picture = picture_of(content_of(Image.fromarray(widest), "TIFF"), "a.tiff")
    assert set(np.unique(np.asarray(picture.image)).tolist()) == {0, 255}
    values[3, 3] = np.nan
    with pytest.raises(UserError, match="NaN or infinity"):
        picture_of(content_of(Image.fromarray(values), "TIFF"), "a.tiff")


def test_cmyk_becomes_rgb():
    picture = picture_of(content_of(Image.fromarray(PIXELS).convert("CMYK"), "JPEG", quality=95), "a.jpg")
    assert np.abs(np.asarray(picture.image).astype(int) - PIXELS).mean() < 12
    assert kinds_of(picture) == ["colours"]


def test_a_palette_is_looked_up():
    few = np.where(PIXELS > 90, 200, 20).astype(np.uint8)
    picture = picture_of(content_of(Image.fromarray(few).convert("P", palette=Image.Palette.ADAPTIVE)), "a.png")
    np.testing.assert_array_equal(np.asarray(picture.image), few)
    assert kinds_of(picture) == []


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_lies_on_white(mode: str):
    alpha = np.full((40, 48), 255, dtype=np.uint8)
    alpha[:10] = 0
    image = Image.fromarray(np.dstack([PIXELS, alpha]))
    if mode == "LA":
        image = image.convert("LA")
    content = content_of(image.quantize(16), "PNG") if mode == "P" else content_of(image)
    picture = picture_of(content, "a.png")
    assert (np.asarray(picture.image)[:10] == 255).all()
    assert (np.asarray(picture.image)[12:] < 255).any()
    assert kinds_of(picture) == ["transparent"]


def test_a_channel_of_transparency_that_hides_nothing_is_not_worth_a_word():
    opaque = np.dstack([PIXELS, np.full((40, 48), 255, dtype=np.uint8)])
    assert kinds_of(picture_of(content_of(Image.fromarray(opaque)), "a.png")) == []


def test_of_an_animation_the_first_frame_is_explained():
    frames = [Image.fromarray(np.full((20, 20, 3), level, dtype=np.uint8)) for level in (0, 100, 200)]
    picture = picture_of(content_of(frames[0], "GIF", save_all=True, append_images=frames[1:]), "a.gif")
    assert np.asarray(picture.image).max() == 0
    assert "first of 3 frames" in picture.notices[0].message


def test_the_name_is_not_believed():
    picture = picture_of(content_of(Image.fromarray(PIXELS), "JPEG"), "a.png")
    assert picture.notices[0].message == "a.png is a JPEG file, whatever its name says."


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_exif_data_say(orientation: int):
    turns = {  # how the file differs from what a person should see: the inverse of what EXIF's table says to do
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: a[::-1, ::-1],
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation](PIXELS)))
    picture = picture_of(content_of(stored, "PNG", exif=exif), "a.png")
    np.testing.assert_array_equal(np.asarray(picture.image), PIXELS)
    assert kinds_of(picture) == (["turned"] if orientation > 1 else [])


def test_a_huge_picture_is_shown_smaller():
    wide = Image.fromarray(np.zeros((300, 4000, 3), dtype=np.uint8))
    picture = Picture(wide, ())
    assert picture.shown().shape == (round(300 * LONGEST_SHOWN / 4000), LONGEST_SHOWN, 3)
    assert picture.size == (4000, 300)


def test_opening_a_picture_needs_no_home(tmp_path: Path):
    with pytest.raises(UserError, match="There is no picture at"):
        read_image(ImageInput(str(tmp_path / "gone.png"), "0" * 64))
