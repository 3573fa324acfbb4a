"""Where a model computes, how much memory there is, and how many samples to send at once."""

import os
from pathlib import Path

import torch

from engine import garbage
from engine.errors import UserError
from engine.requests import Device

STEP_SECONDS = 0.25  # a step this short lets a cancel through at once
WORTH_DOUBLING = 1.05  # how much faster per sample a doubled batch must be to go on


def choose_device(wanted: Device) -> torch.device:
    """The device ``wanted``; ``auto`` is CUDA, then MPS, then the CPU.

    Raises:
        UserError: the device is not there.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if there[name]))
    if not there[wanted]:
        raise UserError(f"There is no {wanted.upper()} device here; choose cpu or auto.", "no_device")
    return torch.device(wanted)


def keep_full_precision() -> None:
    """TF32 off, in matrix products and in cuDNN: its ten-bit mantissa breaks completeness."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def leave_a_core_free() -> None:
    """For the window that draws, or whatever else runs: threads that must share a core wait for each other by spinning."""
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))


def available_memory(device: torch.device) -> int | None:
    """Bytes that can still be allocated on ``device``; None where that cannot be told."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Torch says it with a class of its own on CUDA, and with a plain RuntimeError elsewhere."""
    said = ("can't allocate memory", "not enough memory", "out of memory")  # Linux and macOS, Windows, MPS
    plain = isinstance(error, RuntimeError) and any(words in str(error) for words in said)
    return plain or isinstance(error, (torch.OutOfMemoryError, MemoryError))


def release_memory() -> None:
    """Give back what the last failed batch held. Call it outside the ``except``: the exception keeps tensors alive."""
    garbage.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


class BatchSize:
    """How many samples to send at once: doubled while that pays, halved when memory runs out.

    It is measured on the jobs' own batches, so nothing is computed twice, and kept for the next job of like length.
    """

    def __init__(self, start: int = 4, largest: int = 1024) -> None:
        self.size = min(start, largest)
        self._largest = largest
        self._quickest: dict[tuple[object, int], float] = {}  # seconds of the quickest batch: noise only ever adds

    def take(self, waiting: int) -> int:
        """How many of ``waiting`` samples to send next; a rest of less than half a batch goes along."""
        return waiting if waiting <= min(1.5 * self.size, self._largest) else self.size

    def record(self, samples: int, seconds: float, work: object = None) -> None:
        """Learn from one batch; only full ones tell anything, and only beside others that did the same ``work``."""
        if samples < self.size:
            return
        quickest = min(seconds * self.size / samples, self._quickest.get((work, self.size), float("inf")))
        self._quickest[work, self.size] = quickest
        if quickest > 2 * STEP_SECONDS and self.size > 1:
            self.size //= 2
        elif 2 * self.size <= self._largest and 2 * quickest <= STEP_SECONDS and self._pays(work):
            self.size *= 2

    def _pays(self, work: object) -> bool:
        """Whether this size is cheaper for each sample than half of it was."""
        half = self._quickest.get((work, self.size // 2))
        return half is None or self._quickest[work, self.size] * WORTH_DOUBLING < 2 * half

    def halve(self) -> None:
        """Memory ran out at this size.

        Raises:
            UserError: not even one sample fits.
        """
        if self.size == 1:
            raise UserError(
                "There is not enough memory for even one sample of this input; shorten it, or close other programs.",
                "out_of_memory",
            )
        self.size //= 2
        self._largest = self.size
