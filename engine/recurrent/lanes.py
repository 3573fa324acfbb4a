"""Files read side by side: the state of every lane goes on from chunk to chunk."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.cell_names import QUANTITIES
from engine.errors import UserError
from engine.jobs import Steps
from engine.models.model import TextModel
from engine.recurrent.fused import hidden_states, layers_apart
from engine.recurrent.layout import Layout, directions_of
from engine.recurrent.network import Call, recurrent_modules, unrolling
from engine.recurrent.plan import Piece, Plan
from engine.recurrent.reading import Reading
from engine.recurrent.recorder import KINDS, Recording, State, recording


class Lanes:
    """Reads a corpus chunk by chunk, as ``plan`` has it."""

    def __init__(self, model: TextModel, reading: Reading, layout: Layout, plan: Plan) -> None:
        self._model, self._reading, self._layout, self._plan = model, reading, layout, plan
        self._modules = recurrent_modules(model.network)
        self._apart = {name: layers_apart(module) for name, module in self._modules.items()}
        self._states: dict[str, State] = {name: self._fresh(module) for name, module in self._modules.items()}

    def _fresh(self, module: nn.RNNBase) -> State:
        places, zeros = module.num_layers * len(directions_of(module)), next(module.parameters()).new_zeros
        hidden = zeros(places, self._plan.lanes, module.proj_size or module.hidden_size)
        cells = zeros(places, self._plan.lanes, module.hidden_size)
        return (hidden, cells) if isinstance(module, nn.LSTM) else (hidden,)

    def state(self) -> dict[str, NDArray[Any]]:
        """All that is needed to go on later; copies."""
        found: dict[str, NDArray[Any]] = {}
        for number, name in enumerate(self._layout.modules):
            own = enumerate(self._states[name])
            found |= {f"state_{number}_{at}": part.float().numpy(force=True).copy() for at, part in own}
        return found

    def restore(self, known: Mapping[str, NDArray[Any]]) -> None:
        """Go on from there."""
        for number, name in enumerate(self._layout.modules):
            own = enumerate(self._states[name])
            self._states[name] = tuple(torch.from_numpy(known[f"state_{number}_{at}"]).to(part) for at, part in own)

    def positions(self, pieces: Sequence[Piece]) -> NDArray[np.int64]:
        """Of the tokens that ``read`` reads, lane by lane."""
        return np.concatenate([np.arange(first, first + p.length) for p in pieces for first in [self._first(p)]])

    def _first(self, piece: Piece) -> int:
        return self._reading.files[piece.file].first + piece.start

    def read(self, pieces: list[Piece]) -> Steps[Sequence[Recording]]:
        """Read one chunk of every lane that has one."""
        lanes = torch.tensor([piece.lane for piece in pieces])
        fresh = torch.tensor([piece.start == 0 or self._layout.windows for piece in pieces])
        ids, lengths = self._ids(pieces)

        def record(call: Call, _: Sequence[Call]) -> Steps[Recording]:
            initial = tuple(part[:, lanes].masked_fill(fresh[:, None].to(part.device), 0.0) for part in self._states[call.name])
            own = [name for name in self._layout.quantities if name in QUANTITIES[KINDS[type(call.module)]]]
            fused = lengths is None or not self._layout.windows  # what comes after an end is read only by who reads backwards
            if own == ["hidden_state"] and fused and not call.module.proj_size:  # of which torch warns that it has no fast kernel
                batch_first = call.inputs if call.module.batch_first else call.inputs.transpose(0, 1)
                return hidden_states(self._apart[call.name], batch_first, initial)
            return recording(call.module, call.inputs, lengths=lengths, initial=initial, quantities=own)

        found = yield from unrolling(self._model.network, lambda: self._model.run_tokens(ids), record, with_output=False)
        if [call.name for call in found.calls] != list(self._layout.modules):
            raise UserError("The recurrent layers of this model do not run in the order they are listed in.", "unavailable")
        for call, recorded in zip(found.calls, found.recordings, strict=True):
            for part, after in zip(self._states[call.name], recorded.state, strict=True):
                part[:, lanes] = after
        return found.recordings

    def _ids(self, pieces: list[Piece]) -> tuple[Tensor, Tensor | None]:
        """(lanes, chunk) token ids, and the lengths where some lanes end inside."""
        longest = max(piece.length for piece in pieces)
        ids = np.zeros((len(pieces), longest), np.int64)
        for row, piece in enumerate(pieces):
            first = self._first(piece)
            ids[row, : piece.length] = self._reading.ids[first : first + piece.length]
        lengths = torch.tensor([piece.length for piece in pieces])
        return torch.from_numpy(ids).to(self._model.device), None if bool((lengths == longest).all()) else lengths
