"""One writing at one step: what was written, what might have been, and the text so far tinted by where the step looked."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.attention_film import PAD, PADDING, Film, FilmScale, scaled, shown_tokens, step_in_words, written_name
from engine.attention_maps import GeneratedToken
from engine.heatmaps.cells import Cells
from engine.heatmaps.numerals import figures
from engine.results import FloatArray, Token, TokenizedText
from gui.attention.alternatives import AlternativesList
from gui.attention.film_take import Take
from gui.controls.rows import name_control
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.views.elided_label import ElidedLabel

_FORCE_HINT = "Write this token here and go on from it; it must be in the vocabulary, and a leading space counts."
_PAD_TOKEN = Token("", PAD, 0, 0, 0, True)


@dataclass(frozen=True, slots=True)
class Tint:
    """How values become colours: ``values`` (step, place) of the film, on a scale that ends at ``limit``."""

    values: FloatArray
    limit: float
    scale: FilmScale
    signed: bool


class FilmLane(QWidget):
    """Setters are silent."""

    force_wanted = Signal(str)  # a token's text, at the step that is shown
    token_clicked = Signal(int)  # of the document; PADDING
    token_hovered = Signal(int)  # likewise; −2: none
    read_out_changed = Signal(str)
    trunk_wanted = Signal()
    drop_wanted = Signal()
    release_wanted = Signal()

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._alone = title, True
        self.take: Take | None = None
        self._padded, self._sent = False, ""
        self._written = -1  # a token of the text that is shown
        self._head = ElidedLabel(parent=self)
        self.alternatives, self.force, self.text = (
            AlternativesList(f"{name}Alternatives", self),
            QLineEdit(self),
            TextHeatmap(self),
        )
        self.make_trunk, self.drop, self.release = (QPushButton(self) for _ in range(3))
        self._name(name)
        self._lay_out()
        self.alternatives.chosen.connect(self.force_wanted)
        self.alternatives.read_out_changed.connect(self.read_out_changed)
        self.force.returnPressed.connect(self._on_force)
        self.text.token_selected.connect(self._on_selected)
        self.text.token_hovered.connect(self._on_hovered)
        self.make_trunk.clicked.connect(self.trunk_wanted)
        self.drop.clicked.connect(self.drop_wanted)
        self.release.clicked.connect(self.release_wanted)

    def _name(self, name: str) -> None:
        self._head.setObjectName(f"{name}Head")
        self._head.setProperty("role", "section")
        self.text.setObjectName(f"{name}Text")
        self.text.setAccessibleName(f"{self._title}: text so far")
        self.text.set_fewest_lines(1)
        self.text.set_outlines(False)
        name_control(self.force, f"{name}Force", "Write another token here", _FORCE_HINT)
        self.force.setPlaceholderText("another token here…")
        name_control(
            self.make_trunk, f"{name}MakeTrunk", "Keep this branch", "It becomes the trunk; the other writing is let go."
        )
        name_control(self.drop, f"{name}Drop", "Drop this branch", "The trunk stays.")
        name_control(self.release, f"{name}Release", "Let the model choose", "Nothing is forced any more.")
        for button, words in ((self.make_trunk, "Keep"), (self.drop, "Drop"), (self.release, "Free")):
            button.setText(words)
            button.setProperty("role", "link")
            button.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(0)
        head.addWidget(self._head, 1)
        below = QHBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(2)
        below.addWidget(self.force, 1)
        for button in (self.release, self.make_trunk, self.drop):
            below.addWidget(button)
        upper = QVBoxLayout()
        upper.setContentsMargins(16, 0, 8, 0)
        upper.setSpacing(4)
        upper.addLayout(head)
        upper.addWidget(self.alternatives)
        upper.addLayout(below)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(upper)
        column.addWidget(self.text, 1)
        column.addStretch()

    def show_take(self, take: Take | None) -> None:
        """What is written; ``show_step`` follows."""
        self.take = take
        self._padded = take is not None and take.film is not None and take.film.padded

    def show_taken(self) -> None:
        """What was typed has been written; what was typed since stays."""
        if self.force.text() == self._sent:
            self.force.clear()
        self._sent = ""

    def show_alone(self, alone: bool) -> None:
        """Whether there is no other lane."""
        self._alone = alone

    def show_buttons(self, *, branch: bool, forced: bool) -> None:
        """What can be done with it."""
        self.make_trunk.setVisible(branch)
        self.drop.setVisible(branch)
        self.release.setVisible(forced and not branch)

    def show_step(self, step: int, tint: Tint | None, attended: int | None) -> None:
        """``tint`` None: where it looked is not known yet. ``attended``: a token of the document that is framed."""
        take = self.take
        written = take.result.generated if take is not None else ()
        if take is None or not 0 <= step < len(written):
            self._show_end(step)
            return
        self._head.setText(step_in_words(written, step) if self._alone else f"{self._title}: {_short(written[step])}")
        self.alternatives.show_step(written[step])
        self.force.setEnabled(take.whole)
        document = take.film.document if take.film is not None else take.result.decoder_input or take.result.input
        moves = take.film is None or take.film.moves
        tokens = document.tokens[: take.result.prompt + step + 1] if moves else document.tokens
        if take.film is not None:
            tokens = shown_tokens(take.film, step)
        shown = self._document(document, tokens)
        if tint is None or take.film is None or step >= len(tint.values):
            self.text.show_text(shown)
        else:
            self.text.show_text(shown)
            values = self._values(take.film, step, tint.values, len(shown.tokens))
            self.text.show_map(shown, _tinted(values, self.text.cells, tint), tint.signed, 1.0)
        framed = -1 if attended is None else attended + self._padded
        token = shown.tokens[framed] if 0 <= framed < len(shown.tokens) else None
        spot = [] if token is None or token.end <= token.start else [(token.segment, token.start, token.end)]
        self.text.show_hits(spot, -1)
        self._written = take.result.prompt + step + self._padded if moves else -1
        self._reveal()

    @Slot()
    def _reveal(self) -> None:
        """What was written last, wherever one had scrolled to."""
        self.text.select_token(-1)
        self.text.select_token(self._written)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._reveal)  # once the text is laid out anew

    def _show_end(self, step: int) -> None:
        """Before there is anything, or after it ended."""
        self._written = -1
        steps = 0 if self.take is None else self.take.steps
        ended = f"ended after {steps} tokens" if steps else "nothing was written"
        self._head.setText("" if self.take is None else f"{self._title}: {ended}")
        self.alternatives.show_step(None)
        self.force.setEnabled(False)
        if self.take is None:
            self.text.show_text(TokenizedText("", ()))
            return
        document = self.take.result.decoder_input or self.take.result.input
        self.text.show_text(document)
        self.text.show_hits([], -1)

    def _document(self, document: TokenizedText, tokens: tuple[Token, ...]) -> TokenizedText:
        """The text as far as ``tokens`` go; padding stands before it as one."""
        own = document.pair is None
        text = document.text[: max((token.end for token in tokens), default=0)] if own else document.text
        padding = (_PAD_TOKEN,) if self._padded else ()
        return replace(document, text=text, tokens=(*padding, *tokens), cut=None, cut_pair=None)

    def _values(self, film: Film, step: int, values: FloatArray, tokens: int) -> NDArray[np.float64]:
        found = np.zeros(tokens)  # out of sight is nothing: the read-out says so
        row, positions = values[step], film.positions[step, -values.shape[1] :]
        known = (positions >= 0) & np.isfinite(row)
        found[positions[known] + self._padded] = row[known]
        if self._padded:
            found[0] = row[positions == PADDING].sum()
        return found

    @Slot()
    def _on_force(self) -> None:
        if self.force.text():
            self._sent = self.force.text()
            self.force_wanted.emit(self._sent)

    @Slot(int)
    def _on_selected(self, token: int) -> None:
        written = self.text.selected_token
        if token >= 0:
            self.token_clicked.emit(token - self._padded if token or not self._padded else PADDING)
        elif self.take is not None and written < 0:  # a second click on what is framed anyway
            self.token_clicked.emit(-2)

    @Slot(int)
    def _on_hovered(self, token: int) -> None:
        self.token_hovered.emit(-2 if token < 0 else PADDING if self._padded and token == 0 else token - self._padded)


def _short(token: GeneratedToken) -> str:
    return f"“{written_name(token)}”{', forced' if token.forced else ''} · p {figures(token.probability)}"


def _tinted(values: NDArray[np.float64], cells: Cells, tint: Tint) -> NDArray[np.float64]:
    """What is drawn as one cell has the colour of its sum."""
    found = np.zeros(len(values))
    found[cells.first_token] = scaled(cells.sums(values), tint.limit, tint.scale)
    return found
