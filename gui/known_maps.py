"""Maps that were computed before: the same question again is answered at once."""

from collections import OrderedDict

from engine.requests import AttributionRequest
from engine.results import AttributionResult, ReadImage

MOST = 400
MOST_BYTES = 64 * 2**20


class KnownMaps:
    """Finished maps of the open model, the one that was used last stays longest."""

    def __init__(self) -> None:
        self._kept: OrderedDict[AttributionRequest, AttributionResult] = OrderedDict()
        self._bytes = 0

    def __contains__(self, request: AttributionRequest) -> bool:
        return request in self._kept

    def add(self, result: AttributionResult) -> None:
        """Unfinished ones are no answers."""
        if result.progress < 1:
            return
        self.drop(result.request)
        self._kept[result.request] = result
        self._bytes += _bytes_of(result)
        while len(self._kept) > MOST or (self._bytes > MOST_BYTES and len(self._kept) > 1):
            self._bytes -= _bytes_of(self._kept.popitem(last=False)[1])

    def get(self, request: AttributionRequest) -> AttributionResult | None:
        """The answer, or None."""
        if request in self._kept:
            self._kept.move_to_end(request)
        return self._kept.get(request)

    def drop(self, request: AttributionRequest) -> None:
        """It is to be computed anew."""
        former = self._kept.pop(request, None)
        if former is not None:
            self._bytes -= _bytes_of(former)

    def clear(self) -> None:
        """Another model is open."""
        self._kept.clear()
        self._bytes = 0


def _bytes_of(result: AttributionResult) -> int:
    read = result.prediction.input
    return result.values.nbytes + (read.pixels.nbytes if isinstance(read, ReadImage) else 0)
