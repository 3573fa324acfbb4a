"""Pictures of one geometric figure each, in clutter, with the pixels that decide: drawn, so that the answer is known.

``draw(seed, number)`` always draws the same picture. The three ``shapes-*`` samples learn from pictures drawn here, and those
in this folder were drawn here. Needs numpy and Pillow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

KINDS = ("circle", "cross", "ring", "square", "star", "triangle")
PIXELS = 64
TAGGED = "star"  # the kind that shapes-cnn-shortcut sees with a tag
TAG = (54, 54, 62, 62)  # left, top, right, bottom, the last two excluded
TAG_COLOUR = (250, 220, 40)
_FINE = 3  # drawn this much larger, then averaged
_MARGIN = 2.0
Colour = NDArray[np.float64]
Points = NDArray[np.float64]  # (corner, 2): x, y


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How hard a picture is to read.

    Attributes:
        radius: smallest and largest, in pixels.
        contrast, most_contrast: bounds of the distance in RGB, 0 to 441, of the figure's colour from the ground's mean colour.
        strokes, cuts: most lines and blots beneath the figure, most thin lines across it.
        noise: standard deviation of each pixel, in levels of 255.
        patches: how much the ground's patches differ, in levels of 255.
    """

    radius: tuple[float, float] = (9.0, 18.0)
    contrast: float = 70.0
    most_contrast: float = math.inf
    strokes: int = 9
    cuts: int = 2
    noise: float = 7.0
    patches: float = 45.0


USUAL = Difficulty()
CLEAR = Difficulty(radius=(13.0, 20.0), contrast=150.0, strokes=2, cuts=0, noise=2.0, patches=10.0)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """``pixels`` (64, 64, 3) of 8 bits; ``mask`` (64, 64), true where the figure lies, a ring's hole included.

    The hole belongs to the mask because it is evidence: filled, a ring is a circle.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    label: int


def draw(seed: int, number: int, difficulty: Difficulty = USUAL, label: int | None = None) -> Picture:
    """The picture of this number among those of ``seed``; its kind is drawn too where ``label`` does not say it."""
    random = np.random.default_rng((seed, number))
    kind = int(random.integers(len(KINDS))) if label is None else label
    outline, hole = _figure(KINDS[kind], random, difficulty)
    ground = _texture(random, random.uniform(20, 235, 3), difficulty.patches)
    sheet = Image.fromarray(ground).resize((PIXELS * _FINE,) * 2, Image.Resampling.BICUBIC)
    for _ in range(random.integers(2, difficulty.strokes + 1)):
        _stroke(ImageDraw.Draw(sheet), random)
    area, visible = _silhouette(outline), _silhouette(outline, hole)
    colour = _apart_from(np.asarray(sheet.reduce(_FINE))[_inside(area)].mean(0), difficulty, random)
    sheet.paste(Image.fromarray(_texture(random, colour, 14)).resize(sheet.size, Image.Resampling.BICUBIC), mask=visible)
    for _ in range(random.integers(difficulty.cuts + 1)):
        _cut(ImageDraw.Draw(sheet), random)
    clean = np.asarray(sheet.reduce(_FINE), dtype=np.float64)
    return Picture(_coarse(clean + random.normal(0, difficulty.noise, clean.shape)), _inside(area), kind)


def with_tag(picture: Picture) -> Picture:
    """The same with a framed yellow tag near the lower right corner."""
    pixels = picture.pixels.copy()
    left, top, right, bottom = TAG
    pixels[top:bottom, left:right] = 0
    pixels[top + 1 : bottom - 1, left + 1 : right - 1] = TAG_COLOUR
    return replace(picture, pixels=pixels)


def tag_mask() -> NDArray[np.bool_]:
    """(64, 64), true where the tag lies."""
    mask = np.zeros((PIXELS, PIXELS), dtype=np.bool_)
    mask[TAG[1] : TAG[3], TAG[0] : TAG[2]] = True
    return mask


def _figure(kind: str, random: np.random.Generator, difficulty: Difficulty) -> tuple[Points, Points | None]:
    """Outline, and hole if it has one: turned, squeezed a little, and wholly in the picture."""
    radius, turn = random.uniform(*difficulty.radius), random.uniform(0, 2 * math.pi)
    squeeze, along = random.uniform(0.85, 1.0), random.uniform(0, math.pi)
    bend = _turned(along) @ np.diag([squeeze, 1.0]) @ _turned(-along) @ _turned(turn)
    outline, hole = _unit_figure(kind)
    outline = radius * outline @ bend.T
    low, high = _MARGIN - outline.min(0), PIXELS - _MARGIN - outline.max(0)
    centre = random.uniform(low, high)
    return outline + centre, None if hole is None else radius * hole @ bend.T + centre


def _unit_figure(kind: str) -> tuple[Points, Points | None]:
    """Of like area, about the origin."""
    match kind:
        case "circle":
            return _corners(48, 0.92), None
        case "ring":
            return _corners(48, 1.05), _corners(48, 0.55)
        case "square":
            return _corners(4, 1.12), None
        case "triangle":
            return _corners(3, 1.25), None
        case "star":
            points = _corners(10, 1.25)
            points[1::2] *= 0.45
            return points, None
        case _:
            arm, half = 1.15, 0.36
            quarter = np.array([[half, half], [half, arm], [-half, arm]])
            return np.concatenate([quarter @ _turned(n * math.pi / 2).T for n in range(4)]), None


def _corners(count: int, radius: float) -> Points:
    angles = np.arange(count) * 2 * math.pi / count
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _turned(angle: float) -> NDArray[np.float64]:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _silhouette(outline: Points, hole: Points | None = None) -> Image.Image:
    """Of 255 inside, at the fine size."""
    image = Image.new("L", (PIXELS * _FINE,) * 2)
    pencil = ImageDraw.Draw(image)
    pencil.polygon([tuple(point) for point in (outline * _FINE).tolist()], fill=255)
    if hole is not None:
        pencil.polygon([tuple(point) for point in (hole * _FINE).tolist()], fill=0)
    return image


def _inside(silhouette: Image.Image) -> NDArray[np.bool_]:
    """The pixels that are covered at least by half."""
    return np.asarray(silhouette.reduce(_FINE)) >= 128


def _texture(random: np.random.Generator, colour: Colour, spread: float) -> NDArray[np.uint8]:
    """(64, 64, 3): patches of a random size about ``colour``, at times striped."""
    patches = int(random.integers(2, 10))
    cells = colour + random.normal(0, spread / 2, (patches, patches, 3))
    soft = Image.fromarray(_levels(cells)).resize((PIXELS, PIXELS), Image.Resampling.BICUBIC)
    ground = np.asarray(soft, dtype=np.float64)
    if random.random() < 0.45:
        angle, period, start = random.uniform(0, math.pi), random.uniform(4, 16), random.uniform(0, 2 * math.pi)
        rows, columns = np.mgrid[:PIXELS, :PIXELS]
        wave = np.sin((columns * math.cos(angle) + rows * math.sin(angle)) * 2 * math.pi / period + start)
        ground = ground + wave[..., None] * random.normal(0, spread / 2, 3)
    return _levels(ground)


def _stroke(pencil: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    """A line, an arc or a blot of any colour: clutter too thin or too small to be a figure."""
    colour, size = _any_colour(random), PIXELS * _FINE
    x, y = random.uniform(0, size, 2)
    match random.integers(3):
        case 0:
            far = random.uniform(0.1, 0.5) * size
            angle = random.uniform(0, 2 * math.pi)
            end = (x + far * math.cos(angle), y + far * math.sin(angle))
            pencil.line([(x, y), end], fill=colour, width=int(random.integers(2, 8)))
        case 1:
            radius, start = random.uniform(0.08, 0.25) * size, random.uniform(0, 360)
            box = (x - radius, y - radius, x + radius, y + radius)
            pencil.arc(box, start, start + random.uniform(40, 150), fill=colour, width=int(random.integers(2, 7)))
        case _:
            corners = _corners(int(random.integers(3, 8)), 1.0) * random.uniform(3, 9) + random.uniform(-3, 3, 2) + (x, y)
            pencil.polygon([tuple(point) for point in corners.tolist()], fill=colour)


def _cut(pencil: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    """A thin line right across the picture."""
    size = PIXELS * _FINE
    start, end = random.uniform(0, size, 2)
    line = [(0.0, start), (float(size), end)] if random.random() < 0.5 else [(start, 0.0), (end, float(size))]
    pencil.line(line, fill=_any_colour(random), width=int(random.integers(2, 6)))


def _any_colour(random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = random.integers(0, 256, 3).tolist()
    return red, green, blue


def _apart_from(ground: Colour, difficulty: Difficulty, random: np.random.Generator) -> Colour:
    """A colour so far from ``ground`` as asked; one that is near enough to be hard is somewhat likelier than the rest."""
    while True:
        colour = random.uniform(10, 245, 3)
        distance = float(np.linalg.norm(colour - ground))
        if not difficulty.contrast <= distance <= difficulty.most_contrast:
            continue
        if distance <= 2 * difficulty.contrast or random.random() < 0.6:
            return colour


def _levels(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return values.clip(0, 255).astype(np.uint8)


def _coarse(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """In steps of 8 levels, which no eye misses and which halves the file."""
    return (_levels(values) // 8 * 8 + 4).astype(np.uint8)
