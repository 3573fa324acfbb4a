"""A corpus on the colours of one cell, taken along: as files, as a command, as a finding."""

from functools import partial
from pathlib import Path

from engine.command_line import corpus_cells_command
from engine.export.corpus_files import CORPUS_KINDS
from gui.cells.corpus_view import CorpusView
from gui.cells.words import NAMES
from gui.controls.corpus_box import words_of_source
from gui.keeping import Kept
from gui.kept_view import FileKind, KeptView, picture_of

_FILES = {
    ".csv": "Table of this cell, one row per token",
    ".json": "JSON of this cell",
    ".npz": "NumPy arrays of this cell",
}


def kept_corpus(view: CorpusView, accept_reinitialised: bool) -> Kept | None:
    """What is on screen; None: nothing yet."""
    result = view.result
    if result is None:
        return None
    name = f"{result.model.name}-corpus-cell-{str(view.cell).replace(':', '-')}"

    def line(_texts: Path) -> str:
        return corpus_cells_command(result, f"{name}.npz", accept_reinitialised)

    kinds = {suffix: FileKind(words, partial(CORPUS_KINDS[suffix], result)) for suffix, words in _FILES.items()}
    return KeptView(name, kinds, line, partial(picture_of, view))


def corpus_caption(view: CorpusView, note: str | None) -> tuple[str, str] | None:
    """See ``Room.caption``; ``note``: on the cell's mark."""
    result = view.result
    if result is None:
        return None
    layer, corpus = result.layers[view.cell.layer], result.corpus
    source = ", ".join(map(words_of_source, result.request.scanned.corpus))
    what = f"Cell {view.cell}, {NAMES[view.quantity][1]}" + (f": {note}" if note else "") + f", over {source}"
    files = "1 file" if corpus.files == 1 else f"{corpus.files:,} files"
    where = f"{layer.kind.upper()} {layer.module}, layer {layer.layer_in_module}"
    return what, f"{result.model.name} · {where} · {corpus.positions:,} positions of {files}"
