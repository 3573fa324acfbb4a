"""A map of 2048 × 2048 over a photograph, against the eye: a frame is 16 ms."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from bench import Row, benchmark, seconds
from engine.descriptions import MethodDescription
from engine.heatmaps.pixel_map import PixelMap
from engine.requests import AttributionRequest, ImageInput, PredictionRequest
from engine.results import AttributionResult, ClassPrediction, Cost, ModelInfo, PredictionResult, ReadImage, ResolvedTarget
from gui import theme
from gui.heatmaps.image_heatmap import ImageHeatmap
from gui.heatmaps.image_painter import ImageStyle

SIDE, FRAME_MS, DRAG_MS = 2048, 16, 33


def application() -> QApplication:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.LIGHT)
    return app


def result() -> AttributionResult:
    """Two blobs of either sign under noise, over the middle of a picture of twelve megapixels (shown at 1536 × 1152)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    noise = 0.15 * np.random.default_rng(0).normal(size=(SIDE, SIDE))
    values = np.exp(-30 * ((x - 0.35) ** 2 + (y - 0.4) ** 2)) - np.exp(-50 * ((x - 0.7) ** 2 + (y - 0.65) ** 2)) + noise
    pixels = np.random.default_rng(1).integers(0, 256, (1152, 1536, 3), dtype=np.uint8)
    read = ReadImage("/photograph.jpg", (4000, 3000), pixels, (500, 0, 3500, 3000), (SIDE, SIDE))
    model = ModelInfo(
        "/resnet", "huggingface", "image_classification", (), "single_label", 1, "float32", 1, 1, None, (), (), None,
        ("attribution",), (), "ab", input_kind="image",
    )  # fmt: skip
    method = MethodDescription("ig", "IG", "", "", ("image",), (), True, True, (), "sum", (), True, False, True)
    given = ImageInput("/photograph.jpg", "cd")
    said = PredictionResult(PredictionRequest("ab", given), read, (ClassPrediction("cat", 0, 1.0, 1.0),))
    return AttributionResult(
        AttributionRequest("ab", given), model, method, said, ResolvedTarget("cat", 0, None, None, "logit"),
        values.astype(np.float32), "sum", (), (), None, Cost(1, 1, 0.1, "cpu"),
    )  # fmt: skip


def shown_map(style: ImageStyle) -> ImageHeatmap:
    heatmap = ImageHeatmap()
    heatmap.resize(1000, 760)
    heatmap.set_style(style)
    heatmap.show_map(PixelMap(result()))
    heatmap.show()
    QApplication.processEvents()
    return heatmap


def levels(heatmap: ImageHeatmap) -> Callable[[], None]:
    """Another end of the scale each time, and the frame that shows it."""
    own, turn = heatmap.limit, [0]

    def drag() -> None:
        turn[0] += 1
        heatmap.set_limit(own * (1 + 0.01 * (turn[0] % 50)))
        heatmap.repaint()

    return drag


def panned(heatmap: ImageHeatmap) -> Callable[[], None]:
    """By the mouse, on and on over all of the picture."""
    at = [500.0, 380.0]
    QTest.mousePress(heatmap, Qt.MouseButton.LeftButton, pos=QPoint(500, 380))
    way = [24.0, 10.0]

    def pan() -> None:
        for axis, size in ((0, 1000), (1, 760)):
            if not 0 < at[axis] + way[axis] < size:
                way[axis] *= -1
            at[axis] += way[axis]
        QTest.mouseMove(heatmap, QPoint(round(at[0]), round(at[1])))
        heatmap.repaint()

    return pan


@benchmark
def a_large_map() -> Iterator[Row]:
    application()
    heatmap = shown_map(ImageStyle("overlay"))
    (fitted,) = seconds(levels(heatmap), repeats=21)
    heatmap.zoom.go(3.0, QPointF(0.5, 0.5))
    (near,) = seconds(levels(heatmap), repeats=21)
    figures = f"all of it {fitted * 1e3:.1f} ms, at {heatmap.screen_pixels():.0%} {near * 1e3:.1f} ms"
    yield Row("2048² map, level drag", max(fitted, near) * 1e3, at_most=DRAG_MS, unit="ms", figures=figures)
    frames = []
    for magnification in (2.0, 4.0, 16.0):
        heatmap.zoom.go(magnification, QPointF(0.5, 0.5))
        frames += seconds(panned(heatmap), repeats=41)
    figures = ", ".join(f"× {by} {frame * 1e3:.1f} ms" for by, frame in zip((2, 4, 16), frames, strict=True))
    yield Row("2048² map, pan", max(frames) * 1e3, at_most=FRAME_MS, unit="ms", figures=figures)
    heatmap.close()


@benchmark
def a_large_map_as_it_comes() -> Iterator[Row]:
    application()
    heatmap, once = shown_map(ImageStyle("overlay")), result()

    def arrive() -> None:
        heatmap.show_map(PixelMap(replace(once)))
        heatmap.repaint()

    (first,) = seconds(arrive, repeats=5)
    yield Row("2048² map, from the answer to the picture", first * 1e3, at_most=250, unit="ms")
    heatmap.close()
