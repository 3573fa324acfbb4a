"""What one cell did, one row per token (RFC 4180)."""

import csv
import io

from engine.cell_values import quantities_of, track_of
from engine.cells import Cell, CellsResult
from engine.export.csv_file import guarded

COLUMNS = ("index", "text", "piece", "id", "start", "end")


def cell_to_csv(result: CellsResult, cell: Cell) -> bytes:
    """UTF-8; every quantity of ``cell`` in a column; what is not a number is empty, texts are guarded as in ``to_csv``."""
    layer = result.layers[cell.layer]
    names = [name for name in quantities_of(layer) if name != "hidden_state" or cell.index < layer.hidden_size]
    tracks = [track_of(result, name, cell) for name in names]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow((*COLUMNS, *names))
    for at, token in enumerate(result.input.tokens):
        numbers = [str(track[at]) if track[at] == track[at] else "" for track in tracks]
        writer.writerow((at, guarded(token.text), guarded(token.piece), token.id, token.start, token.end, *numbers))
    return written.getvalue().encode("utf-8", "backslashreplace")
