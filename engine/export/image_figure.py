"""A map over a picture as a piece of a saved page: the picture, and beside it the map on the picture."""

import base64

from engine.export.html_pieces import Figure, said
from engine.heatmaps.inks import LIGHT
from engine.heatmaps.numerals import percent, signed_figures
from engine.heatmaps.overlay import overlay, picture_in, pixel_limit, pixel_values, png
from engine.heatmaps.pixel_ranks import strongest
from engine.results import AttributionResult, ReadImage

LISTED = 50  # pixels in the table; the CSV holds all


def figure_of(result: AttributionResult) -> Figure:
    """Of a text or a picture."""
    return ImageFigure(result) if isinstance(result.prediction.input, ReadImage) else Figure(result)


class ImageFigure(Figure):
    """One explanation of a picture; its colours are in the picture itself, as on paper."""

    def __init__(self, result: AttributionResult) -> None:
        self._result, self._signed = result, result.signed
        self._limit = pixel_limit(pixel_values(result))
        self.steps = set()

    def map(self) -> str:
        """See ``Figure``."""
        read = picture_in(self._result)
        whole, covered = (_inline(png(each)) for each in (read.pixels, overlay(self._result, LIGHT)))
        left, top, right, bottom = (round(edge, 1) for edge in read.crop)
        shown = f"The model reads x {left:g} to {right:g} and y {top:g} to {bottom:g} of {read.size[0]} × {read.size[1]} pixels: "
        return (
            f'<div class="pictures"><img alt="The picture" src="{whole}"><img alt="The map on the picture" src="{covered}"></div>'
            f'<p class="muted">{said(shown + "; ".join(read.steps))}.</p>'
        )

    def _table(self) -> str:
        rows = "".join(
            f"<tr><td>{each.row}</td><td>{each.column}</td><td>{signed_figures(each.value)}</td><td>{each.rank}</td>"
            f"<td>{percent(each.share)}</td></tr>"
            for each in strongest(self._result, LISTED)
        )
        names = ("Row", "Column", f"Value ({self._result.unit})", "Rank", "Share of Σ|values|")
        head = "".join(f'<th scope="col">{said(name)}</th>' for name in names)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        words = f"The {LISTED} strongest pixels of the model's input; the CSV file holds every one"
        return f'<details class="values"><summary>{words}</summary><div class="wide">{table}</div></details>'


def _inline(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
