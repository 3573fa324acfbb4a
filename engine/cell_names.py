"""How cells of recurrent layers, and what they do, are called. Frozen, torch-free."""

import re
from dataclasses import dataclass
from typing import Literal

from engine.errors import UserError

RecurrentKind = Literal["lstm", "gru", "rnn"]
QUANTITIES: dict[RecurrentKind, tuple[str, ...]] = {  # what each kind of layer has, the states first
    "lstm": ("hidden_state", "cell_state", "input_gate", "forget_gate", "candidate", "output_gate"),
    "gru": ("hidden_state", "reset_gate", "update_gate", "candidate"),
    "rnn": ("hidden_state",),
}
GATES = ("input_gate", "forget_gate", "output_gate", "reset_gate", "update_gate")  # between 0 and 1
_FORM = re.compile(r"(?P<layer>\d{1,6}):(?P<index>\d{1,9})(?::(?P<direction>[01]))?")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One unit of a recurrent layer. Layers count through all recurrent modules; direction 1 reads backwards."""

    layer: int
    index: int
    direction: int = 0

    def __str__(self) -> str:
        return f"{self.layer}:{self.index}" + (f":{self.direction}" if self.direction else "")

    @classmethod
    def read(cls, text: str) -> "Cell":
        """``LAYER:INDEX[:DIRECTION]``.

        Raises:
            UserError: another form.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            raise UserError(f"A cell is named LAYER:INDEX or LAYER:INDEX:DIRECTION, not “{text}”.", "no_such_unit")
        return cls(int(form["layer"]), int(form["index"]), int(form["direction"] or 0))
