"""A picture read while attention is listened to: a transformer's tokens are its patches."""

import time

from engine.attention.capture import Capture, CapturedStack
from engine.attention.hearing import body_of
from engine.attention.hooked import HookedMaps
from engine.attention.layers import Layer
from engine.attention.patches import looks_in_windows, tokens_of
from engine.attention.reading import believed, heard_layers, no_attention, verification_of
from engine.attention_maps import Verification
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.models.huggingface_image import HuggingFaceImageModel
from engine.models.image_model import ImageModel
from engine.models.model import as_read_by
from engine.requests import AttentionRequest, ImageInput


def read_picture(model: ImageModel, request: AttentionRequest, verified: Verification | None) -> Steps[Capture]:
    """Read the picture; ``verified`` as of ``read``.

    Raises:
        UserError: the request does not fit the model.
    """
    given = as_read_by(model, request.input)
    assert isinstance(given, ImageInput)
    _check(model, request)
    assert isinstance(model, HuggingFaceImageModel), "no other says that it attends"
    yield Partial(0, doing="Reading")
    encoding = model.encode(given)
    inputs = {"pixel_values": model.pixel_values(encoding)}
    start = time.perf_counter()
    if verified is None:
        verified = verification_of(model.network, inputs, request.generation.seed)
        yield Partial(0, doing="Reading")
    heard = heard_layers(model.network, inputs) if believed(verified) else {}
    layers: list[Layer] = [*heard.get("self", ())]
    if not layers:
        verified = Verification(0, 0.0)
        layers = [*HookedMaps(body_of(model.network), inputs).layers()]
    if not layers:
        raise no_attention(model)
    tokens, patches = tokens_of(model.network, encoding.input, layers[0].shape[1])
    stack = CapturedStack("self", tokens.tokens, tokens.tokens, False, ("full",) * len(layers), tuple(layers), patches)
    warnings = (*(notice for notice in model.info.warnings if notice.blocking), *encoding.input.warnings)
    seconds, count = time.perf_counter() - start, len(tokens.tokens)
    return Capture(request, tokens, None, count, (), (), {"self": stack}, (), verified, 1, seconds, warnings, patches=patches)


def _check(model: ImageModel, request: AttentionRequest) -> None:
    generation = request.generation
    if generation.tokens or generation.checkpoint is not None or request.decoder_text is not None:
        raise UserError("A picture is not gone on with; leave what is to be written after it out.", "unavailable")
    if "attention" in model.info.can:
        return
    if isinstance(model, HuggingFaceImageModel) and looks_in_windows(model.network, model.pixel_values(model.trial())):
        raise UserError(
            f"This model ({model.info.architecture}) attends within windows of the picture that do not see one another, so no "
            "map spans it; ViT, DeiT, BEiT and their like have such maps.",
            "no_attention",
        )
    raise no_attention(model)
