"""One row per token or pixel (RFC 4180), for spreadsheets and data frames."""

import csv
import io

from engine.heatmaps.overlay import pixel_values
from engine.heatmaps.pixel_ranks import ranks_and_shares
from engine.heatmaps.token_values import TokenValues
from engine.heatmaps.wording import token_values
from engine.results import AttributionResult, ReadImage

COLUMNS = ("index", "text", "piece", "id", "start", "end", "special", "segment", "value", "rank", "share")
PIXEL_COLUMNS = ("row", "column", "x", "y", "value", "rank", "share")
GUARD = "'"
_LIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", GUARD)


def to_csv(result: AttributionResult) -> bytes:
    """UTF-8 without a byte order mark; values in as few digits as bring the float32 back; what is not a number is empty.

    Of a record the column ``field`` is added.

    A text or piece that a spreadsheet might take for a formula begins with an apostrophe that is not part of it. One that
    begins with an apostrophe of its own gets a second one, so ``unguarded`` always gives back what was there.
    """
    if isinstance(result.prediction.input, ReadImage):
        return _of_pixels(result, result.prediction.input)
    fields = {at: f.name for f in result.prediction.text.fields for at in range(f.start, f.end)}
    values = TokenValues(result.tokens, token_values(result), result.unit)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(["field"] if fields else [])])
    for at, (token, value) in enumerate(zip(result.tokens, token_values(result), strict=True)):
        known = (at, guarded(token.text), guarded(token.piece), token.id, token.start, token.end)
        ranked = (str(value), values.rank[at], f"{values.share[at]:.6g}") if value == value else ("", "", "")
        field = (guarded(fields.get(token.start, "")),) if fields else ()
        writer.writerow((*known, str(token.special).lower(), token.segment, *ranked, *field))
    return written.getvalue().encode("utf-8", "backslashreplace")


def _of_pixels(result: AttributionResult, read: ReadImage) -> bytes:
    """``row`` and ``column`` of the model's input, ``x`` and ``y`` of its middle in the picture; of channels, one column each."""
    height, width = read.shape
    values = result.values.reshape(height * width, -1)
    channels = [f"channel_{at}" for at in range(values.shape[1])] if result.values.ndim == 3 else []
    totals = pixel_values(result).ravel()
    ranks, shares = ranks_and_shares(totals)
    left, top, right, bottom = read.crop
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow((*PIXEL_COLUMNS, *channels))
    for at, value in enumerate(totals):
        row, column = divmod(at, width)
        x, y = left + (column + 0.5) * (right - left) / width, top + (row + 0.5) * (bottom - top) / height
        ranked = (str(value), ranks[at], f"{shares[at]:.6g}") if value == value else ("", "", "")
        own = [str(each) if each == each else "" for each in values[at]] if channels else []
        writer.writerow((row, column, f"{x:.6g}", f"{y:.6g}", *ranked, *own))
    return written.getvalue().encode("utf-8")


def guarded(text: str) -> str:
    """Dead in a spreadsheet."""
    return GUARD + text if text.startswith(_LIVE) else text


def unguarded(text: str) -> str:
    """The inverse of ``guarded``."""
    return text.removeprefix(GUARD)
