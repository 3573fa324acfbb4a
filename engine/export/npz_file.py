"""Plain arrays for NumPy, loadable with ``allow_pickle=False``."""

import io
import json
from typing import Any

import numpy as np

from engine.export.json_file import attribution_as_dict, strict
from engine.results import AttributionResult, ReadImage


def to_npz(result: AttributionResult) -> bytes:
    """``values``, one array for each number of a token, the path curve; ``meta`` is everything else.

    Of a picture ``values`` is (height, width), or with its channels (height, width, channels), with ``pixels`` and ``crop``.
    ``meta`` (uint8) holds UTF-8 JSON with the keys of ``explain`` but for the values: ``json.loads(bytes(file["meta"]))``.
    """
    arrays: dict[str, Any] = {
        "values": np.asarray(result.values, dtype=np.float32),
        **_of_input(result),
        "class_index": np.array([one.index for one in result.prediction.classes], dtype=np.int64),
        "logit": np.array([one.logit for one in result.prediction.classes], dtype=np.float64),
        "meta": _meta(result),
    }
    if result.path is not None:
        arrays |= {f"path_{name}": getattr(result.path, name) for name in ("alpha", "score", "slope")}
    written = io.BytesIO()
    np.savez_compressed(written, allow_pickle=False, **arrays)
    return written.getvalue()


def _of_input(result: AttributionResult) -> dict[str, Any]:
    read = result.prediction.input
    if isinstance(read, ReadImage):
        return {"pixels": read.pixels, "crop": np.array(read.crop, dtype=np.float64)}
    tokens = read.tokens
    return {
        "token_ids": np.array([token.id for token in tokens], dtype=np.int64),
        "start": np.array([token.start for token in tokens], dtype=np.int64),
        "end": np.array([token.end for token in tokens], dtype=np.int64),
        "special": np.array([token.special for token in tokens], dtype=np.bool_),
        "segment": np.array([token.segment for token in tokens], dtype=np.int64),
    }


def _meta(result: AttributionResult) -> np.ndarray:
    known = attribution_as_dict(result)
    del known["attribution"]["values"]
    compact = json.dumps(json.loads(strict(known)))
    return np.frombuffer(compact.encode("ascii"), dtype=np.uint8)
