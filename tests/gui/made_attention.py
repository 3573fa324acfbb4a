"""Attention made by hand: head 0 of layer 0 looks at the token before, its neighbour at the first one, the others wander."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.attention_maps import (
    HEAD_SCORES,
    THUMBNAIL,
    Alternative,
    AttentionResult,
    GeneratedToken,
    HeadAgreement,
    HeadMap,
    History,
    Patches,
    StackOverview,
    TfidfResult,
    Verification,
    WordOccurrence,
)
from engine.requests import AttentionRequest, HeadAgreementRequest, HeadRequest, ImageInput, Stack, TextInput, TfidfRequest
from engine.results import Cost, FloatArray, ModelInfo, Notice, ResolvedTarget, Token, TokenizedText
from tests.gui import made

COST = Cost(1, 0, 0.01, "cpu")
WINDOW = 12
CHECKPOINTS = ("epoch 0", "epoch 1", "epoch 2")


def weights(layer: int, head: int, queries: int, keys: int, *, causal: bool = False) -> FloatArray:
    """(query, key), each row sums to 1."""
    if (layer, head) in ((0, 0), (0, 1)):
        scores = np.full((queries, keys), -6.0)
        place = np.maximum(np.arange(queries) - 1, 0) if head == 0 else np.zeros(queries, dtype=int)
        scores[np.arange(queries), np.minimum(place, keys - 1)] = 0.0
    else:
        scores = np.random.default_rng(1000 * layer + head).normal(size=(queries, keys)) * (0.5 + head % 4)
    if causal:
        scores = np.where(np.tri(queries, keys, dtype=bool), scores, -np.inf)
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def pooled(pattern: FloatArray, cells: int = THUMBNAIL) -> FloatArray:
    """The largest in each of at most ``cells`` × ``cells``."""
    for axis in (0, 1):
        starts = np.unique(np.linspace(0, pattern.shape[axis], min(cells, pattern.shape[axis]), endpoint=False).astype(int))
        pattern = np.maximum.reduceat(pattern, starts, axis=axis)
    return pattern.astype(np.float16)


def overview(
    name: Stack, queries: Sequence[Token], keys: Sequence[Token], layers: int, heads: int, *, causal: bool = False
) -> StackOverview:
    """Scores are closed forms of the weights."""
    maps = np.array(
        [[weights(layer, head, len(queries), len(keys), causal=causal) for head in range(heads)] for layer in range(layers)]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(maps > 0, maps * np.log(maps), 0).sum(-1).mean(-1)
    away = np.abs(np.arange(len(queries))[:, None] - np.arange(len(keys)))
    scores = {score.name: np.zeros((layers, heads), dtype=np.float32) for score in HEAD_SCORES}
    scores |= {
        "entropy": entropy.astype(np.float32),
        "distance": (maps * away).sum(-1).mean(-1).astype(np.float32),
        "maximum": maps.max(-1).mean(-1),
        "first": maps[..., 0].mean(-1),
        "previous": maps[..., np.arange(1, len(queries)), np.arange(len(queries) - 1) % len(keys)].mean(-1)
        if len(queries) > 1
        else np.full((layers, heads), np.nan, dtype=np.float32),
    }
    thumbnails = np.array([[pooled(each) for each in row] for row in maps])
    return StackOverview(name, tuple(queries), tuple(keys), causal, ("full",) * layers, thumbnails, scores)


def attention(
    request: AttentionRequest | None = None,
    document: TokenizedText | None = None,
    *,
    layers: int = 3,
    heads: int = 4,
    causal: bool = False,
    seq2seq: bool = False,
    of: ModelInfo | None = None,
    warnings: tuple[Notice, ...] = (),
) -> AttentionResult:
    """Of a text; ``seq2seq``: three stacks, the decoder reads four words."""
    document = document or made.document("Not once does it come close to being exciting.")
    request = request or AttentionRequest(made.SHA, TextInput(document.text))
    read, written = document.tokens, None
    stacks = [overview("self", read, read, layers, heads, causal=causal)]
    if seq2seq:
        written = made.document("Nie ist es spannend.")
        stacks = [
            overview("encoder", read, read, layers, heads),
            overview("decoder", written.tokens, written.tokens, layers, heads, causal=True),
            overview("cross", written.tokens, read, layers, heads),
        ]
    checked = Verification(layers * 4, 3e-8)
    return AttentionResult(
        request, of or made.model(), document, len(read), tuple(stacks), (), None, checked, COST, (), written, warnings
    )


def of_picture(request: AttentionRequest | None = None, of: ModelInfo | None = None, specials: int = 1) -> AttentionResult:
    """Of 60 × 40 pixels the middle 40 are read, as 4 × 4 patches."""
    request = request or AttentionRequest(made.SHA, ImageInput("/pictures/cat.png", "sha"))
    assert isinstance(request.input, ImageInput)
    read = made.read_image(request.input.path)
    patches = Patches(read, 4, 4, specials, read.crop)
    names = [*("[CLS]", "[DIST]")[:specials], *(f"r{row} c{column}" for row in range(4) for column in range(4))]
    document = TokenizedText("", tuple(Token("", name, at, 0, 0, at < specials) for at, name in enumerate(names)))
    return replace(attention(request, document, of=of), patches=patches)


def written(request: AttentionRequest, document: TokenizedText, of: ModelInfo, *, recurrent: bool) -> AttentionResult:
    """``document`` gone on with: w0 w1 w2 …, after a forced word v3 v4 …, by another checkpoint or seed x and so on.

    A text that holds “short” ends after two words, “silent” at once.
    """
    how = request.generation
    count = min(how.tokens, 2 if "short" in document.text else 0 if "silent" in document.text else how.tokens)
    letter = "wxyz"[how.seed % 2 + 2 * (how.checkpoint is not None)]
    forced, text, tokens, steps = dict(how.forced), document.text, list(document.tokens), []
    if recurrent:
        tokens = [made.special("<s>"), *(token for token in tokens if not token.special)]
    prompt = len(tokens)
    for step in range(count):
        letter = "v" if step in forced else letter
        word = forced.get(step, f"{letter}{step}")
        others = tuple(Alternative(f"{other}{step}", 100 + at, 0.4 / (at + 1)) for at, other in enumerate((letter, "b", "c")))
        steps.append(GeneratedToken(word, 900 + step if step in forced else 100, 0.4, others, step in forced))
        tokens.append(Token(word, word, 100, len(text) + 1, len(text) + 1 + len(word), False))
        text = f"{text} {word}"
    whole = replace(document, text=text, tokens=tuple(tokens))
    warnings = (Notice(f"The model ended after {count} of {how.tokens} tokens.", "ended"),) if count < how.tokens else ()
    read = tokens[: len(tokens) - 1] if count else tokens
    if not recurrent:
        result = attention(request, whole, causal=True, of=of, warnings=warnings)
        stacks = (overview("self", read, read, 3, 4, causal=True),)
        return replace(result, prompt=prompt, stacks=stacks, generated=tuple(steps))
    return AttentionResult(
        request, of, whole, prompt, (), tuple(steps), history(whole, how.seed), None, COST, CHECKPOINTS, warnings=warnings
    )


def history(whole: TokenizedText, seed: int = 0) -> History:
    """The word before has most; contributions are what they are."""
    rows = len(whole.tokens) - 1
    rng = np.random.default_rng(seed)
    scores = np.exp(-0.7 * np.arange(WINDOW, 0, -1) + rng.normal(size=(rows, WINDOW)) * 0.3)
    patterns = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    positions = np.array([np.arange(at - WINDOW, at) for at in range(1, rows + 1)]).reshape(rows, WINDOW)
    positions[positions < 0] = -1
    positions[positions == 0] = -2
    contributions = (patterns * rng.normal(size=patterns.shape) * 9).astype(np.float32)
    bias = rng.normal(size=rows).astype(np.float32)
    logit = (contributions.astype(np.float64).sum(axis=1) + bias).astype(np.float32)
    return History(patterns, (("",) * WINDOW,) * rows, positions, contributions, bias, logit, 1)


def grown(result: AttentionResult, count: int) -> AttentionResult:
    """As it comes in between: so many words; of a transformer nothing is known of its heads yet."""
    tokens = result.input.tokens[: result.prompt + count]
    known = replace(result.input, tokens=tokens, text=result.input.text[: tokens[-1].end])
    past = None
    if result.history is not None:
        rows, old = result.prompt - 1 + count, result.history
        parts = (old.patterns, old.tokens, old.positions, old.contributions, old.bias, old.logit)
        past = History(*(part[:rows] for part in parts), old.start)  # type: ignore[arg-type]  # cut alike
    return replace(result, input=known, stacks=(), generated=result.generated[:count], history=past, warnings=())


def half(result: AttentionResult) -> AttentionResult:
    """As it comes in between: the last layers of each stack were not looked at yet."""
    grown = []
    for stack in result.stacks:
        thumbnails, scores = stack.thumbnails.copy(), {name: values.copy() for name, values in stack.scores.items()}
        for values in (thumbnails, *scores.values()):
            values[stack.layers // 2 :] = np.nan
        grown.append(replace(stack, thumbnails=thumbnails, scores=scores))
    return replace(result, stacks=tuple(grown))


def head_map(request: HeadRequest, result: AttentionResult) -> HeadMap:
    """Derived quantities are told apart by their scale and unit alone."""
    stack = result.stack(request.stack)
    shape = len(stack.queries), len(stack.keys)
    if isinstance(request.head, int):
        pattern = weights(request.layer, request.head, *shape, causal=stack.causal)
    else:
        all_heads = [weights(request.layer, head, *shape, causal=stack.causal) for head in range(stack.heads)]
        pattern = np.mean(all_heads, axis=0) if request.head == "mean" else np.max(all_heads, axis=0)
    if request.without_sinks:
        pattern = np.where([token.special for token in stack.keys], 0, pattern)
        pattern = (pattern / np.maximum(pattern.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)
    unit = {"weights": "weight", "value_norm": "norm", "rollout": "share", "relevance": "relevance"}[request.quantity]
    scale = 2.5 if unit == "norm" else 1.0
    target = ResolvedTarget(request.target.choice, 1, None, None, request.target.score) if unit == "relevance" else None
    return HeadMap(
        request, stack.queries, stack.keys, stack.causal, pattern.astype(np.float32) * np.float32(scale), unit, target, COST
    )


def agreement(request: HeadAgreementRequest, result: AttentionResult) -> HeadAgreement:
    """Falls from 1 by a step a head; the last is not known."""
    found = {}
    for stack in result.stacks:
        values = np.linspace(1, -1, stack.layers * stack.heads, dtype=np.float32).reshape(stack.layers, stack.heads)
        values[-1, -1] = np.nan
        found[stack.name] = values
    return HeadAgreement(request, found, None)


def tfidf(request: TfidfRequest, result: AttentionResult, *, ages_differ: bool = True) -> TfidfResult:
    """TF-IDF rises with a word's length; attention falls with its place, doubled at words of more than six letters."""
    text = result.input.text
    found = list(re.finditer(r"\w+", text))
    points = tuple(
        WordOccurrence(
            each.group(),
            *each.span(),
            tfidf=len(each.group()) / 100,
            attention=(2.0 if len(each.group()) > 6 else 1.0) / (at + 2),
            age=len(found) - at if ages_differ else len(found),
            expected=1.0 / (at + 2),
            count=1,
            documents=at,
        )
        for at, each in enumerate(found)
    )
    many = len(points) > 2
    return TfidfResult(
        request,
        result.model,
        text,
        points,
        0.25 if many else None,
        0.5 if many else None,
        tuple(at for at, point in enumerate(points) if point.without_age > 1.5),
        518,
        ("rows",),
        ages_differ,
        COST,
    )
