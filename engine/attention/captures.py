"""The last readings, kept so that a map costs no second one."""

from dataclasses import dataclass, field

from engine.attention.capture import Capture
from engine.attention.picture import read_picture
from engine.attention.reading import read
from engine.attention_maps import Verification
from engine.jobs import Steps
from engine.models.image_model import ImageModel
from engine.models.model import Model
from engine.requests import AttentionRequest

MOST_BYTES = 1_000_000_000  # of all together; the last one stays whatever its size
MOST = 4


@dataclass(slots=True, eq=False)
class Captures:
    """Good as long as the model stays open. The model itself is not kept alive by what was verified of it."""

    _kept: dict[AttentionRequest, Capture] = field(default_factory=dict)
    _verified: dict[str, Verification] = field(default_factory=dict)

    def of(self, model: Model, request: AttentionRequest) -> Steps[Capture]:
        """What was captured for ``request``, now or lately.

        Raises:
            UserError: the request does not fit the model.
        """
        found = self._kept.pop(request, None)
        if found is None:
            sha256 = model.info.sha256
            known = self._verified.get(sha256)
            found = (
                yield from read_picture(model, request, known) if isinstance(model, ImageModel) else read(model, request, known)
            )
            self._verified[sha256] = found.verification
        self._kept[request] = found
        while len(self._kept) > 1 and (len(self._kept) > MOST or sum(one.bytes for one in self._kept.values()) > MOST_BYTES):
            del self._kept[next(iter(self._kept))]
        return found

    def forget(self) -> None:
        """Another model was opened."""
        self._kept.clear()
