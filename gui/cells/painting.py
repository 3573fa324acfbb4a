"""Places painted by hand on the files of a corpus, kept while the window is open; every stroke can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand

from engine.detective import CorpusFileText, CorpusTextResult
from gui.cells.column_spans import Spans, joined, with_stroke

HOLDOUT = 0.5  # as the Detective has it unless told otherwise


@dataclass(frozen=True, slots=True)
class PaintedParts:
    """How many painted places begin in the part of their file that ranks, and in the part that tests."""

    files: int
    ranking: int
    testing: int

    def in_words(self) -> str:
        """What the Detective would do with them."""
        count = self.ranking + self.testing
        if not count:
            return "Drag over what the cell should know."
        files = "1 file" if self.files == 1 else f"{self.files:,} files"
        places = "1 painted place" if count == 1 else f"{count:,} painted places"
        halves = "half" if self.files == 1 else "halves"
        said = f"{places} in {files}: {self.ranking:,} to rank by (first {halves}), {self.testing:,} to test on (last {halves})"
        return said if self.ranking and self.testing else f"{said}; paint in both"


class Painting(QObject):
    """By path of the file; code points of the file."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._spans: dict[str, Spans] = {}

    def on_page(self, files: Sequence[CorpusFileText]) -> Spans:
        """Code points of the corpus laid out as one text."""
        found = []
        for file in files:
            own = ((file.start + a, min(file.start + b, file.end)) for a, b in self._spans.get(file.path, ()))
            found += [(a, b) for a, b in own if a < b]
        return tuple(found)

    def asked(self, files: Sequence[CorpusFileText]) -> tuple[tuple[str, int, int], ...]:
        """As a request has them."""
        return tuple((file.path, start, end) for file in files for start, end in self._spans.get(file.path, ()))

    def parts(self, result: CorpusTextResult) -> PaintedParts:
        """Counted as the Detective splits files."""
        tokens, touched, ranking, testing = result.input.tokens, 0, 0, 0
        for file in result.files:
            own = self._spans.get(file.path, ())
            if not own:
                continue
            ranks = round(file.tokens * (1 - HOLDOUT))
            border = tokens[file.first + ranks].start - file.start if ranks < file.tokens else file.end
            first = sum(start < border for start, _ in own)
            touched, ranking, testing = touched + 1, ranking + first, testing + len(own) - first
        return PaintedParts(touched, ranking, testing)

    def stroke(self, files: Sequence[CorpusFileText], start: int, end: int, on: bool) -> "PaintChange | None":
        """What would change; None: nothing."""
        after = {}
        for file in files:
            a, b = max(start, file.start) - file.start, min(end, file.end) - file.start
            if a < b:
                before = self._spans.get(file.path, ())
                new = with_stroke(before, (a, b), on)
                if new != before:
                    after[file.path] = new
        return PaintChange(self, after, "paint" if on else "unpaint") if after else None

    def clear(self, files: Sequence[CorpusFileText]) -> "PaintChange | None":
        """Wipe all of these files."""
        after: dict[str, Spans] = {file.path: () for file in files if self._spans.get(file.path)}
        return PaintChange(self, after, "wipe paint") if after else None

    def spans(self, path: str) -> Spans:
        """Of one file."""
        return self._spans.get(path, ())

    def put(self, spans: Mapping[str, Spans]) -> None:
        """In place of what these files had."""
        self._spans.update({path: joined(own) for path, own in spans.items()})
        self.changed.emit()


class PaintChange(QUndoCommand):
    """One stroke."""

    def __init__(self, painting: Painting, after: Mapping[str, Spans], words: str) -> None:
        super().__init__(words)
        self._painting, self._after = painting, after
        self._before = {path: painting.spans(path) for path in after}

    def undo(self) -> None:
        self._painting.put(self._before)

    def redo(self) -> None:
        self._painting.put(self._after)
