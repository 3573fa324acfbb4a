"""Beside the example: what would turn its answer over, or rows that the model takes for alike."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QToolButton, QVBoxLayout, QWidget

from engine.dataset_results import Counterfactual, CounterfactualResult, NeighboursResult
from engine.heatmaps.numerals import fixed
from engine.heatmaps.token_names import visible
from engine.requests import in_words
from gui.controls.rows import name_control
from gui.data.desk import DataDesk
from gui.views.elided_label import ElidedLabel

PIXELS = 300
LONGEST = 200


class Suggestions(QWidget):
    """Setters are silent; a choice is a text to try, or a row."""

    text_chosen = Signal(object)  # TextInput
    row_chosen = Signal(int)

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._title, self._close, self.list = ElidedLabel(), QToolButton(), QListWidget()
        self._title.setProperty("role", "caption")
        self._close.setText("×")
        self._close.setProperty("role", "flat")
        name_control(self._title, "suggestionsTitle", "Suggestions", "")
        name_control(self._close, "suggestionsClose", "Close", "Close the list.")
        name_control(self.list, "suggestions", "Suggestions", "A click, or Enter, puts it on the desk.")
        self.list.setWordWrap(False)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(PIXELS)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        self._close.clicked.connect(self.hide)
        self.list.itemActivated.connect(self._on_chosen)
        self.list.itemClicked.connect(self._on_chosen)
        self.hide()

    def say(self, words: str) -> None:
        """While there is nothing to list."""
        self._title.setText(words)
        self.list.clear()
        self.show()

    def show_counterfactuals(self, result: CounterfactualResult) -> None:
        """The fewest changes first."""
        flips = sum(each.flips for each in result.suggestions)
        ways = "1 way" if flips == 1 else f"{flips} ways"
        self.say(f"{ways} to another answer" if flips else "Nothing that was tried turns the answer over")
        for each in result.suggestions:
            self._add(_change_words(each, result), _said_of(each), each.input, each.input.text)

    def show_neighbours(self, result: NeighboursResult) -> None:
        """The most alike first."""
        data, said = self._desk.data, self._desk.predictions
        if data is None:
            return
        self.say("Rows the model takes for alike (cosine)")
        for row, cosine in zip(result.rows, result.similarity, strict=True):
            text = in_words(data.input_of(int(row)))
            mark = {0: "✗ ", 1: "✓ "}.get(int(said.correct[row]), "") if said is not None else ""
            line = " ".join(text[:LONGEST].split())
            self._add(f"{fixed(float(cosine), 3)}  {mark}{line}", data.label_of(int(row)), int(row), text)

    def _add(self, words: str, hint: str, chosen: object, whole: str) -> None:
        item = QListWidgetItem(words)
        item.setToolTip("\n".join(filter(None, (hint, whole[:2000]))))
        item.setData(Qt.ItemDataRole.UserRole, chosen)
        self.list.addItem(item)

    @Slot(QListWidgetItem)
    def _on_chosen(self, item: QListWidgetItem) -> None:
        chosen = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(chosen, int):
            self.row_chosen.emit(chosen)
        else:
            self.text_chosen.emit(chosen)


def _change_words(each: Counterfactual, result: CounterfactualResult) -> str:
    """“without ‘not’: positive 0.81”."""
    text, pair = result.request.input.text, result.request.input.pair or ""
    gone = [f"‘{(pair if segment else text)[start:end]}’" for start, end, segment in each.removed]
    swaps = [f"‘{before}’ → ‘{after}’" for _, before, after in each.swapped]
    changes = [f"without {', '.join(gone)}"] if gone else []
    return f"{'' if each.flips else '(no flip) '}{'; '.join((*changes, *swaps))}: {_said_of(each)}"


def _said_of(each: Counterfactual) -> str:
    first = each.prediction[0]
    label = visible(first.label) if first.label is not None else f"output {first.index}"
    return label if first.probability is None else f"{label} {fixed(first.probability, 2)}"
