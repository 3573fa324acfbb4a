"""A text read, and gone on with, while attention is listened to."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from engine.attention.capture import Capture, CapturedStack
from engine.attention.generation import Writing, check_generation, forced_ids
from engine.attention.hearing import body_of, hear
from engine.attention.hooked import HookedMaps
from engine.attention.interface import dispatches
from engine.attention.layers import CapturedLayer, Layer, of_call, sees_no_later
from engine.attention.stacks import kinds_of, stack_of
from engine.attention.verify import verify
from engine.attention.written import with_written
from engine.attention_maps import Verification
from engine.devices import is_out_of_memory
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.models.huggingface import HuggingFaceModel
from engine.models.huggingface_image import HuggingFaceImageModel
from engine.models.image_model import ImageEncoding
from engine.models.model import Encoding, Model, as_read_by
from engine.requests import AttentionRequest, ImageInput, Stack, as_text
from engine.results import Notice, Token

Transformer = HuggingFaceModel | HuggingFaceImageModel
UNTRUSTED = 1e-4  # a rebuilt weight further off than this, and the model's own are taken


def no_attention(model: Model) -> UserError:
    """What to say of a model that has none."""
    if model.info.recurrent:
        return UserError("This model has no attention layers; it has recurrent ones: look at its cells.", "no_attention")
    words = "This model has no attention layers whose weights can be had."
    return UserError(f"{words} It is a {model.info.architecture or model.info.format}.", "no_attention")


def read(model: Model, request: AttentionRequest, verified: Verification | None) -> Steps[Capture]:
    """Read the text, and write what is asked.

    Args:
        verified: this model's rebuilt maps were found to be its own; None: find out.

    Yields:
        After every token written, the capture so far, without any maps.

    Raises:
        UserError: the request does not fit the model.
    """
    as_read_by(model, request.input)
    if "attention" not in model.info.can or not isinstance(model, HuggingFaceModel):
        raise no_attention(model)
    yield Partial(0, doing="Reading")
    reading = _begin(model, request)
    start = time.perf_counter()
    if verified is None:
        verified = verification_of(model.network, reading.inputs, request.generation.seed)
        yield Partial(0, doing="Reading")
    trusted = believed(verified)
    if request.generation.tokens:
        writing = reading.writing()
        for done in writing.steps(reading.inputs):
            yield Partial(done, request.generation.tokens, reading.capture(writing, {}, verified, start), "Writing")
        layers = writing.layers() if trusted else {}
    else:
        writing = None
        layers = heard_layers(model.network, reading.inputs) if trusted else {}
    if not layers:
        layers = _hooked(reading, writing)
    if not layers:
        raise no_attention(model)
    return reading.capture(writing, layers, verified if trusted else Verification(0, 0.0), start)


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A request held against a model.

    Args:
        decoder: what the decoder of an encoder-decoder reads, its start token first.
        inputs: of the network.
    """

    model: HuggingFaceModel
    request: AttentionRequest
    encoding: Encoding
    decoder: Encoding | None
    inputs: dict[str, Any]

    @property
    def own(self) -> Encoding:
        """What is gone on with."""
        return self.encoding if self.decoder is None else self.decoder

    def writing(self) -> Writing:
        """What goes on with it."""
        most = self.model.maximum_tokens - len(self.own.input.tokens)
        if most < 1:
            raise UserError(f"The text fills all {self.model.maximum_tokens} tokens the model reads; shorten it.", "limit")
        return Writing(self.model, self.request.generation, self.model.ends, most)

    def read_ids(self, writing: Writing | None) -> list[int]:
        """Of ``own``, and of what was written all but the last, which was never read."""
        written = [] if writing is None else [token.index for token in writing.written[:-1]]
        return self.own.ids[0].tolist() + written

    def capture(
        self, writing: Writing | None, layers: Mapping[Stack, Sequence[Layer]], verified: Verification, start: float
    ) -> Capture:
        """What is known so far."""
        written = () if writing is None else tuple(writing.written)
        own = with_written(self.model, self.own, written)
        read = own.tokens[: len(own.tokens) - 1] if written else own.tokens
        encoder = self.encoding.input
        axes = {"cross": (read, encoder.tokens), "encoder": (encoder.tokens, encoder.tokens)}
        stacks = {stack: self._stack(stack, found, *axes.get(stack, (read, read))) for stack, found in layers.items()}
        ids = tuple(self.read_ids(writing))
        return Capture(
            self.request,
            own if self.decoder is None else encoder,
            None if self.decoder is None else own,
            len(self.own.input.tokens),
            ids if self.decoder is None else tuple(self.encoding.ids[0].tolist()),
            () if self.decoder is None else ids,
            stacks,
            written,
            verified,
            1 if writing is None else writing.passes,
            time.perf_counter() - start,
            tuple(self._warnings(writing)),
        )

    def _stack(self, stack: Stack, layers: Sequence[Layer], queries: tuple[Token, ...], keys: tuple[Token, ...]) -> CapturedStack:
        modules = [layer.module if isinstance(layer, CapturedLayer) else None for layer in layers]
        causal = stack in ("self", "decoder") and sees_no_later(layers[0])
        return CapturedStack(stack, queries, keys, causal, kinds_of(self.model.network, stack, modules), tuple(layers))

    def _warnings(self, writing: Writing | None) -> list[Notice]:
        warnings = [notice for notice in self.model.info.warnings if notice.blocking]
        for which, cut in (("text", self.encoding.input.cut), ("second text", self.encoding.input.cut_pair)):
            if cut:
                words = f"Characters {cut[0]} to {cut[1]} of the {which} were not read: it is longer than the model's limit."
                warnings.append(Notice(words, "cut"))
        return warnings + ([writing.ended] if writing is not None and writing.ended is not None else [])


def _begin(model: HuggingFaceModel, request: AttentionRequest) -> _Reading:
    """Check all that can be checked before anything runs."""
    check_generation(request.generation)
    if request.generation.tokens and "generation" not in model.info.can:
        raise UserError("This model does not write; a language model that reads forwards does.", "unavailable")
    if request.generation.checkpoint is not None:
        raise UserError("The attention of this model is read as it is now; leave the checkpoint out.", "no_such_checkpoint")
    forced_ids(model, request.generation)
    encoding = model.encode(as_text(request.input))
    decoder = model.decoder_reads(encoding, request.decoder_text)
    inputs = model.inputs(encoding, decoder)
    if request.generation.tokens and decoder is None:
        inputs = {"input_ids": encoding.ids}  # later passes give one token each, and no mask that would have to grow
    return _Reading(model, request, encoding, decoder, inputs)


def believed(verified: Verification) -> bool:
    """Whether maps may be rebuilt."""
    return verified.rows > 0 and verified.largest_difference <= UNTRUSTED


def verification_of(network: Any, inputs: Mapping[str, Any], seed: int) -> Verification:
    """How far rebuilt maps are the network's own; of no row where it has a way of its own."""
    if not dispatches(network):
        return Verification(0, 0.0)
    try:
        return verify(body_of(network), inputs, seed)
    except Exception as error:  # a file whose function asks for what one head cannot give says so in its own way
        if is_out_of_memory(error):
            raise
        return Verification(0, 0.0)


def heard_layers(network: Any, inputs: Mapping[str, Any]) -> dict[Stack, list[Layer]]:
    """Of each stack, from one pass."""
    body = body_of(network)
    _, heard = hear(body, {**inputs, **_without_cache(body)})
    return {stack: [of_call(name, call) for name, call in calls] for stack, calls in heard.items()}


def _without_cache(network: Any) -> dict[str, Any]:
    return {"use_cache": False} if hasattr(network.config, "use_cache") else {}


def _hooked(reading: _Reading, writing: Writing | None) -> dict[Stack, list[Layer]]:
    """The network's own weights, of everything that was read in the end."""
    network = body_of(reading.model.network)
    whole = torch.tensor([reading.read_ids(writing)], device=reading.model.device)
    inputs = dict(reading.inputs) if writing is None else {"input_ids": whole}
    if reading.decoder is not None:
        inputs = dict(reading.inputs) | {"decoder_input_ids": whole}
    layers: dict[Stack, list[Layer]] = {}
    for layer in HookedMaps(network, inputs | _without_cache(network)).layers():
        layers.setdefault(stack_of(layer.name, reading.decoder is not None), []).append(layer)
    return layers


def inputs_again(model: Transformer, capture: Capture) -> dict[str, Any]:
    """What the network's body is given to read all that was captured once more, in one pass."""
    if isinstance(model, HuggingFaceImageModel):
        return {"pixel_values": model.pixel_values(_picture_again(model, capture))}
    ids = torch.tensor([capture.ids], device=model.device)
    if capture.decoder_input is not None:
        encoding = model.encode(as_text(capture.request.input))
        decoder = torch.tensor([capture.decoder_ids], device=model.device)
        inputs: dict[str, Any] = {"input_ids": ids, **encoding.extras, "decoder_input_ids": decoder}
    else:
        encoding = _text_again(model, capture)
        inputs = {"input_ids": encoding.ids, **encoding.extras}
    return inputs | _without_cache(body_of(model.network))


def encoding_again(model: Transformer, capture: Capture) -> Any:
    """The picture; or the text and what was generated but the last token, as if it had been typed."""
    return _picture_again(model, capture) if isinstance(model, HuggingFaceImageModel) else _text_again(model, capture)


def _picture_again(model: HuggingFaceImageModel, capture: Capture) -> ImageEncoding:
    given = capture.request.input
    assert isinstance(given, ImageInput)
    return model.encode(given)


def _text_again(model: HuggingFaceModel, capture: Capture) -> Encoding:
    encoding = model.encode(as_text(capture.request.input))
    if not capture.generated:
        return encoding
    ids = torch.tensor([capture.ids], device=model.device)
    tokens = capture.input.tokens[: ids.shape[1]]
    extras = {key: torch.ones_like(ids) for key in encoding.extras if key == "attention_mask"}
    special = torch.tensor([token.special for token in tokens], device=model.device)
    return Encoding(replace(capture.input, tokens=tokens), ids, special, extras)
