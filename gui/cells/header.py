"""Above the text: which cell is shown, by which of its quantities, and its mark (``note`` is for the view to place)."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from engine.cell_values import quantities_of
from engine.cells import Cell, RecurrentLayer
from engine.errors import UserError
from gui.cells.marks import LONGEST_NOTE
from gui.cells.words import NAMES, full_name
from gui.controls.elided_combo import ElidedCombo
from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.controls.wheel_guard import WheelGuard
from gui.icons import icon

SOURCES = (
    ("text", "Text", "The text on the desk."),
    ("corpus", "Corpus", "A corpus, read from end to end."),
)
NARROW, LEAST = 796, 660  # px: below the first not everything has room, from the second on what is left of it
_NO_GUESSES = "Only language models predict the next token; this model does not."


class CellHeader(QWidget):
    """Setters are silent."""

    cell_chosen = Signal(object)  # Cell
    flipped = Signal(int)  # to the next or the previous cell
    quantity_chosen = Signal(str)
    guesses_toggled = Signal(bool)
    mark_toggled = Signal(bool)
    note_changed = Signal(str)
    source_chosen = Signal()  # the text rather than the corpus, or the other way round
    done = Signal()  # Enter: the keyboard goes back to the cells

    def __init__(self, parent: QWidget | None = None, *, corpus: bool = False) -> None:
        super().__init__(parent)
        self._cell, self._corpus = Cell(0, 0), corpus
        self.source = Segments("corpusSource" if corpus else "cellsSource", SOURCES, self)
        self.source.choose("corpus" if corpus else "text")
        self._layers: tuple[RecurrentLayer, ...] = ()
        self.cell, self.note = QLineEdit(self), QLineEdit(self)
        self.quantity, self._title, self._narrow = ElidedCombo(self), QLabel("Cell", self), False
        self.previous, self.next, self.guesses, self.mark = (QToolButton(self) for _ in range(4))
        self._guesses_in_words = "Next characters"
        self.setMinimumWidth(LEAST)
        self._build()
        self.source.chosen.connect(self._on_source)
        self.cell.editingFinished.connect(self._on_cell)
        self.cell.textEdited.connect(self._on_editing)
        self.previous.clicked.connect(self._on_previous)
        self.next.clicked.connect(self._on_next)
        self.quantity.activated.connect(self._on_quantity)
        self.guesses.toggled.connect(self.guesses_toggled)
        self.mark.toggled.connect(self.mark_toggled)
        self.note.editingFinished.connect(self._on_note)
        for field in (self.cell, self.note):
            field.returnPressed.connect(self._on_return)

    def _build(self) -> None:
        hint = "LAYER:INDEX, and :1 for the direction that reads backwards. Enter shows it."
        for control, words in (
            (self.cell, ("cellName", "Cell", hint)),
            (self.previous, ("previousCell", "Previous cell", "As the grid below is sorted (Alt+Page up).")),
            (self.next, ("nextCell", "Next cell", "As the grid below is sorted (Alt+Page down).")),
            (self.quantity, ("cellQuantity", "Quantity", "What the text is coloured by.")),
            (self.guesses, ("nextTokens", "Next characters", "The five likeliest under each character.")),
            (self.mark, ("markCell", "Mark", "Keep this cell among the marked ones, with a note (Ctrl+Shift+M).")),
            (self.note, ("cellNote", "Note on this cell", "A word on what it does, kept with the mark.")),
        ):
            object_name, *rest = words
            name_control(control, f"corpus_{object_name}" if self._corpus else object_name, *rest)
        self.cell.setFixedWidth(76)
        self.note.setPlaceholderText("Note: quote cell?")
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.setMinimumWidth(120)
        self.note.setMaximumWidth(300)
        self.quantity.setSizeAdjustPolicy(ElidedCombo.SizeAdjustPolicy.AdjustToContents)
        self.quantity.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.quantity.installEventFilter(WheelGuard(self))
        for button in (self.guesses, self.mark):
            button.setCheckable(True)
            button.setProperty("role", "flat")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(16, 16))
        for button in (self.previous, self.next):
            button.setProperty("role", "flat")
            button.setIconSize(QSize(14, 14))
        self.mark.setText("Mark")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._title.setProperty("role", "title")
        self._title.setBuddy(self.cell)
        row.addWidget(self.source)
        row.addSpacing(8)
        row.addWidget(self._title)
        row.addSpacing(4)
        self._of_a_cell = (self.cell, self.previous, self.next, self.quantity, self.mark)
        for widget in (self.cell, self.previous, self.next):
            row.addWidget(widget)
        row.addSpacing(4)
        row.addWidget(self.quantity)
        row.addStretch(1)
        self.tools = QHBoxLayout()
        row.addLayout(self.tools)
        for widget in (self.guesses, self.mark):
            row.addWidget(widget)
        self._name_guesses()
        self._dress()

    def show_layers(self, layers: tuple[RecurrentLayer, ...], guesses: bool, characters: bool) -> None:
        """``guesses``: the model predicts what comes next; ``characters``: its tokens are single ones."""
        self._layers = layers
        for widget in self._of_a_cell:
            widget.show()
        self.guesses.setVisible(guesses)
        self._guesses_in_words = "Next characters" if characters else "Next tokens"
        self._name_guesses()
        self.guesses.setAccessibleDescription("" if guesses else _NO_GUESSES)

    def show_nothing(self) -> None:
        """There are no cells yet."""
        for widget in (*self._of_a_cell, self.guesses, self.note):
            widget.hide()

    def show_cell(self, cell: Cell, quantity: str) -> None:
        """With the quantities that it has."""
        self._cell = cell
        layer = self._layers[cell.layer]
        own = quantities_of(layer)
        if [self.quantity.itemData(i) for i in range(self.quantity.count())] != list(own):
            self.quantity.clear()
            for each in own:
                self.quantity.addItem("", each)
            self._name_quantities()
        self.quantity.setCurrentIndex(own.index(quantity))
        if not (self.cell.hasFocus() and self.cell.isModified()):
            self._write()

    def _name_guesses(self) -> None:
        self.guesses.setText("Top 5" if self._narrow else self._guesses_in_words)
        self.guesses.setAccessibleName(self._guesses_in_words)

    def _name_quantities(self) -> None:
        """Without their symbols where there is no room; the colour bar has them, too."""
        for at in range(self.quantity.count()):
            each, kind = str(self.quantity.itemData(at)), self._layers[self._cell.layer].kind
            self.quantity.setItemText(at, NAMES[each][1] if self._narrow else full_name(each, kind))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            self._title.setVisible(not narrow)
            self._name_quantities()
            self._name_guesses()

    def show_mark(self, note: str | None) -> None:
        """None: not marked."""
        blocked = self.mark.blockSignals(True)
        self.mark.setChecked(note is not None)
        self.mark.blockSignals(blocked)
        self.mark.setText("Marked" if note is not None else "Mark")
        self.note.setVisible(note is not None)
        if self.note.text() != (note or "") and not (self.note.hasFocus() and self.note.isModified()):
            self.note.setText(note or "")
        self._dress()

    def show_guesses(self, on: bool) -> None:
        """As asked for."""
        blocked = self.guesses.blockSignals(True)
        self.guesses.setChecked(on)
        self.guesses.blockSignals(blocked)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "note"):
            self._dress()

    def _dress(self) -> None:
        self.previous.setIcon(icon("caret-left"))
        self.next.setIcon(icon("caret-right"))
        self.guesses.setIcon(icon("rows"))
        self.mark.setIcon(icon("star-fill", "accent") if self.mark.isChecked() else icon("star"))

    def _write(self) -> None:
        self.cell.setText(str(self._cell))
        self._complain("")

    def _complain(self, words: str) -> None:
        if bool(words) != bool(self.cell.property("invalid")):
            self.cell.setProperty("invalid", bool(words))
            self.cell.style().polish(self.cell)
        self.cell.setToolTip(words or self.cell.accessibleDescription())

    def _wanted(self) -> Cell:
        """Raises: UserError."""
        cell = Cell.read(self.cell.text().strip())
        if cell.layer >= len(self._layers):
            raise UserError(f"There is no layer {cell.layer}: the last is {len(self._layers) - 1}.", "no_such_unit")
        layer = self._layers[cell.layer]
        if cell.index >= layer.cells:
            raise UserError(f"Layer {cell.layer} has the cells 0 to {layer.cells - 1}.", "no_such_unit")
        if cell.direction >= layer.directions:
            raise UserError(f"Layer {cell.layer} reads in one direction only.", "no_such_unit")
        return cell

    @Slot(str)
    def _on_source(self, id: str) -> None:
        """Each view has a header of its own, which always says where one is."""
        own = "corpus" if self._corpus else "text"
        self.source.choose(own)
        if id != own:
            self.source_chosen.emit()

    @Slot()
    def _on_editing(self) -> None:
        try:
            self._wanted()
        except UserError as error:
            self._complain(error.message)
        else:
            self._complain("")

    @Slot()
    def _on_cell(self) -> None:
        try:
            wanted = self._wanted()
        except UserError:
            if not self.cell.hasFocus():
                self._write()
            return
        self.cell.setModified(False)
        if wanted != self._cell:
            self.cell_chosen.emit(wanted)

    @Slot()
    def _on_previous(self) -> None:
        self.flipped.emit(-1)

    @Slot()
    def _on_next(self) -> None:
        self.flipped.emit(1)

    @Slot(int)
    def _on_quantity(self, at: int) -> None:
        self.quantity_chosen.emit(str(self.quantity.itemData(at)))

    @Slot()
    def _on_return(self) -> None:
        if not self.cell.property("invalid"):
            self.done.emit()

    @Slot()
    def _on_note(self) -> None:
        if self.note.isModified():
            self.note.setModified(False)
            self.note_changed.emit(self.note.text())
