"""A model of characters, and a corpus that it reads."""

import tempfile
from pathlib import Path

CODE = Path(__file__).resolve().parent.parent.parent / "resources" / "samples" / "code-lstm"


def model_and_corpus() -> tuple[Path, str, str]:
    """The sample with Python's library; without it, a quote flag built by hand with a little text in its own letters."""
    if CODE.is_dir():
        return CODE, "stdlib", "say('hello', \"there\")  # both\n"
    import random

    from tests.engine.recurrent.planted import TEXT, write_planted

    folder = Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    for number in range(4):
        draw = random.Random(number)
        parts = []
        for _ in range(250):
            parts.append("".join(draw.choices("ab", k=draw.randint(3, 9))) + '"' + "".join(draw.choices("xyab", k=5)) + '"')
        (corpus / f"quotes-{number}.txt").write_text("".join(parts), encoding="utf-8")
    return write_planted(folder / "quote-flag"), str(corpus), TEXT
