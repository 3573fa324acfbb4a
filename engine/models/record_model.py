"""A recurrent folder that reads rows: fields laid out at fixed width, one token for each character."""

from collections.abc import Sequence

import torch

from engine.errors import UserError
from engine.inputs.record import BASELINES
from engine.inputs.tokenise import Tokens
from engine.models.model import Encoding, RowIds, as_read_by
from engine.models.recurrent import RecurrentNetwork
from engine.models.recurrent_model import RecurrentModel
from engine.models.recurrent_spec import RecurrentSpec
from engine.records import LaidOut, RecordField, blank_text, lay_out
from engine.requests import Input, RecordInput
from engine.results import Notice, Token, TokenizedText

_SHOWN = 8  # characters


class RecordModel(RecurrentModel):
    """A classifier or regressor of records; to whoever looks at its layers, a model of the text they are laid out as."""

    def __init__(self, network: RecurrentNetwork, spec: RecurrentSpec, vocabulary: list[str]) -> None:
        super().__init__(network, spec, vocabulary)
        assert spec.record is not None
        self.fields: tuple[RecordField, ...] = spec.record.fields
        self.own_baselines = tuple(BASELINES)

    def encode(self, given: Input) -> Encoding:
        """See ``Model``.

        Raises:
            UserError: it is no record, it does not fit the model's fields, or a character has no id.
        """
        laid_out = self._lay_out(given)
        ids = self._ids_of(laid_out)
        read = enumerate(zip(laid_out.text, ids, strict=True))
        tokens = tuple(Token(character, self.vocabulary[id], id, at, at + 1, False) for at, (character, id) in read)
        said = (*(Notice(words, kind) for kind, words in laid_out.said), *self._unread(laid_out, ids))
        return Encoding(
            input=TokenizedText(laid_out.text, tokens, fields=laid_out.fields, notices=said),
            ids=torch.tensor([ids], device=self.device),
            special=torch.zeros(len(ids), dtype=torch.bool, device=self.device),
        )

    def encode_many(self, given: Sequence[Input]) -> list[RowIds | UserError]:
        """See ``TextModel``."""
        found: list[RowIds | UserError] = []
        for each in given:
            try:
                laid_out = self._lay_out(each)
                found.append(RowIds(self._ids_of(laid_out), {}, any(field.cut for field in laid_out.fields)))
            except UserError as error:
                found.append(error)
        return found

    def blank_ids(self) -> list[int]:
        """Of a record of nothing."""
        return [self._ids[c] for c in blank_text(self.fields)]

    def tokens_of(self, text: str) -> Tokens:
        """See ``TextModel``: a corpus is no table."""
        raise UserError("This model reads records, not running text; open a table of them under Data.", "unavailable")

    def run_tokens(self, ids: torch.Tensor) -> torch.Tensor:
        """See ``tokens_of``."""
        raise UserError("This model reads records, not running text; open a table of them under Data.", "unavailable")

    def _lay_out(self, given: Input) -> LaidOut:
        record = as_read_by(self, given)
        assert isinstance(record, RecordInput)
        return lay_out(self.fields, record)

    def _ids_of(self, laid_out: LaidOut) -> list[int]:
        found = [(known, start) for _, known, start, _ in self._tokeniser.pieces(laid_out.text)]
        for known, at in found:
            if known is None:
                field = next(field for field in laid_out.fields if at < field.end)
                raise UserError(
                    f"{laid_out.text[at]!r} in the field {field.name} is not in the model's vocabulary; write it otherwise.",
                    "unknown_piece",
                )
        return [known for known, _ in found if known is not None]

    def _unread(self, laid_out: LaidOut, ids: Sequence[int]) -> list[Notice]:
        """Characters that are all one to the model."""
        unknown = self.substitutes.get("unk")
        met = dict.fromkeys(c for c, id in zip(laid_out.text, ids, strict=True) if id == unknown)
        if not met:
            return []
        shown = " ".join(list(met)[:_SHOWN])
        return [Notice(f"Characters that the model does not know, and reads as one and the same: {shown}", "unknown_characters")]
