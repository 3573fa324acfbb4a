"""A text that tries everything, explained by a tiny model; shared by the tests of every kind of file."""

from engine.attribution.explain import explain
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, TextInput
from engine.results import AttributionResult

HOSTILE = (
    "<script>alert(1)</script> <!-- --> ]]> <img src=x onerror=alert(2)> \"double\" 'single' &amp; & =cmd|' /C calc'!A0 "
    "שלום עולם مرحبا 👩\u200d👩\u200d👧 nul\0end \x1b[31m \u202eevil\u202c e\u0301 film\r\nsecond\tline \ufffe\ud800 +1 @x\0\0"
)


def explained(model: TextModel, text: str = HOSTILE, **changes: object) -> AttributionResult:
    """With the default method."""
    return run(explain(model, AttributionRequest("any", TextInput(text), **changes)))  # type: ignore[arg-type]
