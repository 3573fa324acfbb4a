"""Which gates and states of a model's cells are scanned."""

from PySide6.QtWidgets import QComboBox

from engine.cells import QUANTITIES
from engine.results import ModelInfo
from gui.cells.words import full_name

STATES = ("hidden_state", "cell_state")


def fill_quantities(box: QComboBox, model: ModelInfo) -> None:
    """All, the states, or a single one, as far as ``model`` has them; what was chosen stays where it is still there."""
    kinds = {each.kind for each in model.recurrent}
    own = [(name, kind) for kind, names in QUANTITIES.items() if kind in kinds for name in names]
    before = box.currentData()
    box.clear()
    box.addItem("all of them", ())
    if any(name == "cell_state" for name, _ in own):
        box.addItem("both states", STATES)
    for name, kind in dict(own).items():
        box.addItem(full_name(name, kind), (name,))
    box.setCurrentIndex(max(0, place_of_quantities(box, tuple(before or ()))))


def place_of_quantities(box: QComboBox, gates: tuple[str, ...]) -> int:
    """−1: not on offer."""
    return next((at for at in range(box.count()) if tuple(box.itemData(at) or ()) == gates), -1)
