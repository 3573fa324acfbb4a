"""Stacks, heads and quantities by the names of the field, and the sentences of the room."""

from engine.attention_maps import AttentionResult, HeadMap
from engine.heatmaps.numerals import figures
from engine.requests import AttentionQuantity, HeadsMerged, Stack
from engine.results import ModelInfo, unit_words
from gui.attention.choice import OF_ALL_HEADS, Choice

TYPE = "Type a text: every head of every layer will stand here."
CHOOSE = "Choose a picture: every head of every layer will stand here."
WRITE = "Type a text: what the model writes after it will stand here, and what each word attended to."
BEGIN = "\nIt begins a text by itself, too."
STACKS: dict[Stack, tuple[str, str]] = {
    "self": ("Self-attention", "Each token over all tokens that it sees."),
    "encoder": ("Encoder", "The source text over itself."),
    "decoder": ("Decoder", "What is written over what was written before."),
    "cross": ("Cross", "What is written over the source text."),
}
MERGED: dict[HeadsMerged, str] = {"mean": "mean of heads", "maximum": "maximum of heads"}
SHORT: dict[HeadsMerged, str] = {"mean": "mean", "maximum": "max"}  # in a list of heads
QUANTITIES: dict[AttentionQuantity, tuple[str, str]] = {
    "weights": ("Weights", "As the softmax gave them; each row sums to 1."),
    "value_norm": (
        "Value norm",
        "‖α v W_O‖: the length of what each key adds to the query; a sink with a short value adds little.",
    ),
    "rollout": ("Rollout", "Weights multiplied from the tokens up to this layer, all heads averaged, residual counted."),
    "relevance": ("Relevance", "Weights times their gradient, up to this layer: the one quantity that depends on the target."),
}
NOT_AN_EXPLANATION = "Attention is not an explanation: a head may look elsewhere than what the score rests on."


def has_attention(model: ModelInfo) -> bool:
    """Whether there are maps to be shown."""
    return "attention" in model.can


def to_come(model: ModelInfo) -> str:
    """What to do first; a recurrent model has no heads to show, but a film."""
    if model.input_kind == "image":
        return CHOOSE
    return f"{WRITE}{BEGIN if model.begins else ''}" if model.recurrent else TYPE


def without_attention(model: ModelInfo) -> str:
    """What it has instead of attention layers."""
    if model.recurrent:
        layers = sum(each.layers for each in model.recurrent)
        kind = model.recurrent[0].kind.upper()
        return f"This model has no attention layers: it has {layers} {kind} layer{'s' if layers != 1 else ''}."
    if model.input_kind == "image":
        return "This model has no attention that spans a whole picture; ViT, DeiT, BEiT and their like have."
    return "This model has no attention layers."


def map_name(choice: Choice) -> str:
    """What is drawn, as a title."""
    quantity = QUANTITIES[choice.quantity][0]
    stack = "" if choice.stack == "self" else f"{STACKS[choice.stack][0]}, "
    if choice.quantity in OF_ALL_HEADS:
        words = f"{quantity} up to layer {choice.layer}"
    else:
        head = f"head {choice.head}" if isinstance(choice.head, int) else MERGED[choice.head]
        words = f"layer {choice.layer}, {head}" + ("" if choice.quantity == "weights" else f", {quantity.lower()}")
    words = f"{stack}{words}" + (", without sinks" if choice.without_sinks else "")
    return words[0].upper() + words[1:]


def axis_unit(shown: HeadMap) -> str:
    """Beside the colour scale."""
    return {"norm": "‖α v W_O‖"}.get(shown.unit, shown.unit)


def verified(result: AttentionResult) -> str:
    """How far the maps can be trusted."""
    checked = result.verification
    if checked is None:
        return ""
    if not checked.rows:
        return "These maps are the model's own."
    rows = f"{checked.rows:,} row{'s' if checked.rows != 1 else ''}"
    return f"Rebuilt maps agree with the model's own to {figures(checked.largest_difference, 1)} on {rows}."


def has_target(model: ModelInfo) -> bool:
    """Whether there is an output to be explained."""
    return "attribution" in model.can


def about_target(model: ModelInfo, quantity: AttentionQuantity, shown: HeadMap | None = None) -> str:
    """Whether the target matters to what is on screen."""
    if not has_target(model):
        return ""
    if quantity != "relevance":
        name = {"weights": "Attention weights are", "value_norm": "Value norms are"}.get(quantity, "Rollout is")
        return f"{name} the same for every target."
    if shown is None or shown.target is None:
        return "Relevance is of the chosen target."
    target = shown.target
    label = target.label.strip() if target.label is not None else f"output {target.index}"
    versus = f" versus {target.versus}" if target.versus is not None else ""
    return f"Relevance is of {label}{versus} ({unit_words(target)})."
