"""Which input counts as saying nothing: one, or the average over several."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from gui import theme
from gui.controls.rows import name_control

ROW_PIXELS = 26
ID = Qt.ItemDataRole.UserRole
OWN_TEXT, RANDOM_DOCUMENT, OWN_IMAGE = "text:", "random_document", "image:"
WORDS = {
    "zero": ("Zero embedding", "Word embeddings of ordinary tokens are zero; special tokens and positions stay."),
    "zero_all": ("Zero, specials too", "The embeddings of special tokens are zero as well."),
    "pad": ("Padding token", "Every ordinary token is replaced by the padding token."),
    "mask": ("Mask token", "Every ordinary token is replaced by the mask token."),
    "unk": ("Unknown token", "Every ordinary token is replaced by the unknown token."),
    "mean": ("Mean embedding", "Every ordinary token has the mean of all embeddings."),
    "blank": ("Blank fields", "Every field is filled with its own padding, as if nothing had been written."),
    OWN_TEXT: ("A text of your own", "A text that says nothing, laid over the input token by token."),
    RANDOM_DOCUMENT: ("Random documents", "Drawn from a file of texts by the seed; several are averaged over."),
    "black": ("Black", "Every pixel is black."),
    "grey": ("Grey", "Every pixel is half way between black and white."),
    "white": ("White", "Every pixel is white."),
    "blur": ("Blurred", "The picture itself, so blurred that only its colours are left, and where they are."),
    "noise": ("Noise", "Every number of every pixel is drawn by the seed."),
    OWN_IMAGE: ("Another picture", "A picture of your own, cut and resized as this one is."),
}


OF_PICTURES = {"mean": ("Mean colour", "Every pixel has the colour that the model's scaling makes zero.")}


class BaselineList(QListWidget):
    """A click on a name chooses it alone; ticking several averages over them. One is always ticked."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wishes: tuple[str, ...] = ("zero",)
        self._ticked_by_click = self._of_pictures = False
        name_control(
            self, "baselineBox", "Baseline", "The input that says nothing. Click a name for it alone; tick several to average."
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setUniformItemSizes(True)
        self._dress()
        self.itemChanged.connect(self._on_item_changed)
        self.itemClicked.connect(self._on_item_clicked)
        self.show_baselines(self._wishes)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new boxes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def _dress(self) -> None:
        """Boxes as everywhere else: the application's rules reach check boxes, not those of items."""
        colours = theme.current()
        check = (theme.RESOURCES / "glyphs" / f"check-{colours.name}.svg").as_posix()
        sheet = (
            f"::indicator {{ width: 14px; height: 14px; border: 1px solid {colours.muted.name()}; border-radius: 3px; }}"
            f"::indicator:checked {{ background: {colours.accent.name()}; border-color: {colours.accent.name()};"
            f" image: url({check}); }}"
            f"::indicator:disabled {{ border-color: {colours.disabled.name()}; background: transparent; }}"
        )
        if sheet != self.styleSheet():
            self.setStyleSheet(sheet)

    def show_baselines(self, offered: tuple[str, ...], of_pictures: bool | None = None) -> None:
        """The identifiers this model can compute; what was wished stays ticked where it is among them."""
        self._of_pictures = self._of_pictures if of_pictures is None else of_pictures
        self.blockSignals(True)
        self.clear()
        for id in offered:
            known = WORDS | OF_PICTURES if self._of_pictures else WORDS
            words, hint = known.get(id, (id.replace("_", " "), ""))
            item = QListWidgetItem(words, self)
            item.setData(ID, id)
            item.setToolTip(hint)
            item.setSizeHint(QSize(0, ROW_PIXELS))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        self._tick([id for id in self._wishes if id in offered] or list(offered[:1]))
        self.setFixedHeight(ROW_PIXELS * min(8, max(1, self.count())) + 4)
        self.blockSignals(False)

    def baselines(self) -> tuple[str, ...]:
        """What is ticked."""
        return tuple(str(item.data(ID)) for item in self._items() if item.checkState() is Qt.CheckState.Checked)

    @property
    def wishes(self) -> tuple[str, ...]:
        """What the user ticked last, also where this model lacks it."""
        return self._wishes

    def set_baselines(self, wanted: tuple[str, ...]) -> None:
        """Silently; what is not offered here is remembered for a model that does."""
        self._wishes = wanted
        self.show_baselines(tuple(str(item.data(ID)) for item in self._items()))

    def first(self) -> tuple[str, ...]:
        """What is asked where nothing else can be."""
        return tuple(str(item.data(ID)) for item in self._items()[:1])

    def next_baseline(self, without: tuple[str, ...] = ()) -> str | None:
        """One that is offered and not ticked, after the ticked one."""
        ids = [str(item.data(ID)) for item in self._items() if item.data(ID) not in without]
        ticked = self.baselines()
        start = ids.index(ticked[-1]) + 1 if ticked and ticked[-1] in ids else 0
        return next((id for id in ids[start:] + ids[:start] if id not in ticked), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A tick set by this click shows itself before ``itemClicked``."""
        self._ticked_by_click = False
        super().mousePressEvent(event)

    @Slot(QListWidgetItem)
    def _on_item_changed(self, item: QListWidgetItem) -> None:
        self._ticked_by_click = True
        if not self.baselines():
            self._tick([str(item.data(ID))])
            return
        self._emit()

    @Slot(QListWidgetItem)
    def _on_item_clicked(self, item: QListWidgetItem) -> None:
        id = str(item.data(ID))
        if self._ticked_by_click or self.baselines() == (id,):
            return
        self._tick([id])
        self._emit()

    def _emit(self) -> None:
        self._wishes = self.baselines()
        self.changed.emit()

    def _tick(self, ids: list[str]) -> None:
        quiet = self.blockSignals(True)
        for item in self._items():
            item.setCheckState(Qt.CheckState.Checked if item.data(ID) in ids else Qt.CheckState.Unchecked)
        self.blockSignals(quiet)
        self.viewport().update()

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(row) for row in range(self.count())]
