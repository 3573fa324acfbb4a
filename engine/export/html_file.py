"""A map as one page that any browser shows, in light and dark, without scripts and without anything from elsewhere."""

from engine.export.html_pieces import page
from engine.export.image_figure import figure_of
from engine.heatmaps.wording import title_of
from engine.results import AttributionResult


def to_html(result: AttributionResult) -> bytes:
    """What was asked, the map, its scale, whether it adds up, and how to make it again."""
    figure = figure_of(result)
    return page(title_of(result), figure.body("h1"), figure.steps)
