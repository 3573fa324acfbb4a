"""What an edit of a text changed, and what could stand in a word's place: frozen, torch-free."""

from dataclasses import dataclass
from typing import Literal

from engine.requests import EditRequest, HeadsMerged, Stack, TextInput, WordOptionsRequest
from engine.results import AttributionResult, ClassPrediction, Cost, ModelInfo, Notice, ProblemType

Classes = tuple[ClassPrediction, ...]
Changed = Literal["same", "removed", "added"]
BlankKind = Literal["mask", "unk"]
OptionSource = Literal["hotflip", "masked_lm"]


@dataclass(frozen=True, slots=True)
class WordChange:
    """One word of two texts, or a special token, in both or in only one.

    Args:
        text: as typed; of a special token its piece.
        before, after: code points [start, end) of the text before and of the one after; None: it is not there.
        attribution: (before, after) in the score's unit; a word that is not there has none.
        attention: (before, after), the share of all attention in the text that it receives.
    """

    text: str
    special: bool
    segment: int
    before: tuple[int, int] | None
    after: tuple[int, int] | None
    attribution: tuple[float | None, float | None]
    attention: tuple[float | None, float | None] = (None, None)

    @property
    def kind(self) -> Changed:
        """Of a special token too."""
        return "same" if self.before and self.after else "removed" if self.before else "added"

    @property
    def attribution_change(self) -> float:
        """What it has more than before; a word that is not there has nothing."""
        before, after = self.attribution
        return (after or 0.0) - (before or 0.0)

    @property
    def attention_change(self) -> float:
        """Likewise."""
        before, after = self.attention
        return (after or 0.0) - (before or 0.0)


@dataclass(frozen=True, slots=True)
class AttentionUsed:
    """Whose attention was compared."""

    stack: Stack
    layer: int
    head: int | HeadsMerged


@dataclass(frozen=True, slots=True, eq=False)
class EditResult:
    """Two texts, one target.

    The attribution changes of ``words`` sum to that of all attributions, where a word's is the sum of its pieces'; those of
    attention to zero, where neither text was cut.

    Args:
        before, after: each as it would be explained by itself, for the target that ``before`` has.
        words: of both texts in reading order, special tokens among them.
        attention: None: the model has none, or it was not asked for.
    """

    request: EditRequest
    model: ModelInfo
    before: AttributionResult
    after: AttributionResult
    words: tuple[WordChange, ...]
    attention: AttentionUsed | None
    cost: Cost
    warnings: tuple[Notice, ...] = ()

    @property
    def flips(self) -> bool:
        """Whether something else is predicted."""
        return flips(self.before.prediction.classes, self.after.prediction.classes, self.model.problem_type)


@dataclass(frozen=True, slots=True, eq=False)
class WordOption:
    """A text with another word in the place, and what the model says of it as it would be typed.

    ``likelihood``: of masked language models, the word's own probability there, and nothing is predicted.
    """

    word: str
    input: TextInput
    prediction: tuple[ClassPrediction, ...]
    likelihood: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WordOptionsResult:
    """What could stand in a word's place.

    Args:
        original: what the model says of the text as it is.
        blank: what can be typed for “no word”: the mask token, else something the model reads as unknown; empty: neither.
        options: the words that take most from the predicted class first; of masked language models the likeliest.
        because: why there are none, as a sentence.
    """

    request: WordOptionsRequest
    model: ModelInfo
    original: tuple[ClassPrediction, ...]
    blank: str
    blank_kind: BlankKind | None
    options: tuple[WordOption, ...]
    source: OptionSource | None
    because: str
    cost: Cost


def change_of(before: Classes, after: Classes, index: int) -> float | None:
    """What a class has more than before: of its probability, of a regression's value; None: one of them does not tell it."""
    old, new = (next((one for one in said if one.index == index), None) for said in (before, after))
    if old is None or new is None:
        return None
    if old.probability is None or new.probability is None:
        return new.logit - old.logit
    return new.probability - old.probability


def flips(before: Classes, after: Classes, problem_type: ProblemType) -> bool:
    """Whether another class is predicted; of a multi-label model, whether another set of labels is."""
    if problem_type == "regression":
        return False
    return _predicted(before, problem_type) != _predicted(after, problem_type)


def _predicted(said: Classes, problem_type: ProblemType) -> frozenset[int]:
    if problem_type == "multi_label":
        return frozenset(one.index for one in said if (one.probability or 0) >= 0.5)
    return frozenset(one.index for one in said[:1])
