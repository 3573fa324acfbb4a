"""The embedding table of a model, looked at in blocks: its norms, and the tokens beside a point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.models.model import TextModel

NUMBERS_PER_BLOCK = 1_000_000  # of the table at once: 4 MB, however large the vocabulary, and near the processor


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The tokens beside each of n points, nearest first: all (n, k)."""

    ids: Tensor
    similarity: Tensor
    distance: Tensor


class Vocabulary:
    """The ordinary tokens of ``model`` as points; special, unknown and unused ones are never anybody's neighbours."""

    @torch.no_grad()
    def __init__(self, model: TextModel) -> None:
        self._model = model
        self.ids = model.ordinary.nonzero().flatten().to(model.device)
        first = model.embed(self.ids[None, :1])
        self.d_model = first.shape[-1]
        self._block = max(1, NUMBERS_PER_BLOCK // self.d_model)
        self._norms = torch.empty(len(self.ids), device=model.device)
        for rows, embeddings in self._blocks():
            self._norms[rows] = embeddings.norm(dim=-1)
        self.largest_norm = float(self._norms.max())

    def _blocks(self) -> Iterator[tuple[slice, Tensor]]:
        """(rows of ``ids``, their embeddings (block, d_model))."""
        for start in range(0, len(self.ids), self._block):
            rows = slice(start, min(len(self.ids), start + self._block))
            yield rows, self._model.embed(self.ids[None, rows])[0]

    @torch.no_grad()
    def beside(self, points: Tensor, count: int) -> Beside:
        """(n, d_model) -> the ``count`` tokens of the smallest angle to each point; a point at zero is equally far from all."""
        lengths = points.norm(dim=-1, keepdim=True)

        def cosines(rows: slice, embeddings: Tensor) -> Tensor:
            cosine: Tensor = points @ embeddings.T / (lengths * self._norms[rows]).clamp(min=1e-12)
            return cosine

        similarity, at = self._best(cosines, len(points), count)
        near = self._model.embed(self.ids[at])
        return Beside(self.ids[at], similarity, (near - points[:, None]).norm(dim=-1))

    @torch.no_grad()
    def steepest(self, gradients: Tensor, here: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """For each of n positions the ``count`` tokens that promise most to first order, (n, k) gains and ids.

        Args:
            gradients: (n, d_model) of the score.
            here: (n, d_model) the embeddings of the tokens that stand there.
        """
        now = (gradients * here).sum(dim=-1, keepdim=True)
        gains, at = self._best(lambda _rows, embeddings: gradients @ embeddings.T - now, len(gradients), count)
        return gains, self.ids[at]

    def _best(self, values: Callable[[slice, Tensor], Tensor], points: int, count: int) -> tuple[Tensor, Tensor]:
        """The ``count`` highest of ``values`` over the whole table for each point, and where in ``ids``."""
        best = torch.empty(points, 0, device=self.ids.device)
        where = torch.empty(points, 0, dtype=torch.long, device=self.ids.device)
        for rows, embeddings in self._blocks():
            found, at = values(rows, embeddings).topk(min(count, rows.stop - rows.start), dim=-1)
            best, where = torch.cat((best, found), dim=-1), torch.cat((where, at + rows.start), dim=-1)
            best, order = best.topk(min(count, best.shape[-1]), dim=-1)
            where = where.gather(-1, order)
        return best, where
