"""Devices, memory, and how many samples go at once; the hardware is faked."""

from pathlib import Path

import pytest
import torch

from engine.devices import STEP_SECONDS, BatchSize, available_memory, choose_device, is_out_of_memory, leave_a_core_free
from engine.errors import UserError


@pytest.mark.parametrize(
    ("cuda", "mps", "auto"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_device_that_is_there(cuda: bool, mps: bool, auto: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    assert choose_device("auto").type == auto
    assert choose_device("cpu").type == "cpu"
    for wanted, there in (("cuda", cuda), ("mps", mps)):
        if there:
            assert choose_device(wanted).type == wanted
        else:
            with pytest.raises(UserError, match=f"no {wanted.upper()} device here; choose cpu or auto"):
                choose_device(wanted)


def test_some_memory_is_free():
    free = available_memory(torch.device("cpu"))
    assert free is None or free > 10_000_000


def test_memory_of_a_gpu_is_asked_of_the_gpu(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda _: (123, 456))
    assert available_memory(torch.device("cuda")) == 123


def test_meminfo_is_read_in_kilobytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "meminfo").write_text("MemTotal:       100 kB\nMemAvailable:    7 kB\nHugePages_Total:       0\n")
    monkeypatch.setattr("engine.devices.Path", lambda _: tmp_path / "meminfo")
    assert available_memory(torch.device("cpu")) == 7 * 1024


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] data. DefaultCPUAllocator: not enough memory: you tried"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_what_running_out_of_memory_looks_like(error: BaseException, expected: bool):
    assert is_out_of_memory(error) is expected


def test_it_looks_so_in_truth():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_a_batch_doubles_while_that_pays():
    """Overhead of 10 ms, 1 ms for each sample: twice as many are always cheaper each, until the step would be too long."""
    batch, seen = BatchSize(), []
    for _ in range(10):
        seen.append(batch.size)
        batch.record(batch.size, 0.01 + 0.001 * batch.size)
    assert seen[:4] == [4, 8, 16, 32]
    assert seen[-1] == max(seen)
    assert 2 * (0.01 + 0.001 * seen[-1]) > STEP_SECONDS or seen[-1] == 1024


def test_a_batch_that_does_not_pay_stays():
    batch = BatchSize()
    for _ in range(10):
        batch.record(batch.size, 0.001 * batch.size)
    assert batch.size == 8


def test_a_batch_never_exceeds_what_is_allowed():
    batch = BatchSize(4, 6)
    for _ in range(10):
        batch.record(batch.size, 1e-6)
    assert batch.size == 4
    assert BatchSize(64, 6).size == 6


def test_the_rest_of_a_batch_tells_nothing():
    batch = BatchSize()
    batch.record(1, 1e-9)
    assert batch.size == 4


def test_a_slow_step_does_not_grow():
    batch = BatchSize()
    batch.record(4, STEP_SECONDS)
    assert batch.size == 4


def test_after_memory_ran_out_a_batch_never_grows_again():
    batch = BatchSize(32)
    batch.halve()
    assert batch.size == 16
    for _ in range(5):
        batch.record(batch.size, 1e-6)
    assert batch.size == 16


def test_the_floor_is_one_sample_and_a_plain_sentence():
    batch = BatchSize(2)
    batch.halve()
    assert batch.size == 1
    with pytest.raises(UserError, match="not enough memory for even one sample of this input; shorten it"):
        batch.halve()


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (8, 7), (None, 1)])
def test_a_core_is_left_free(cores: int | None, threads: int, monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr("torch.set_num_threads", asked.append)
    leave_a_core_free()
    assert asked == [threads]
