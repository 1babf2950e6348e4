from __future__ import annotations

import pytest
import torch

from ablate.errors import AblateError
from ablate.train import device as devices

CPU = torch.device("cpu")


def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


def test_a_machine_without_a_gpu_computes_on_the_cpu(monkeypatch):
    without_gpu(monkeypatch)
    assert devices.choose() == CPU


def test_a_gpu_that_is_there_is_taken_unless_the_cpu_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.choose() == torch.device("cuda")
    assert devices.choose("cuda:1") == torch.device("cuda:1")
    assert devices.choose("cpu") == CPU
    with pytest.raises(AblateError, match=r"'cuda:2' is not there: .* sees 2 GPUs; give cpu, or install"):
        devices.choose("cuda:2")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("tpu", "unknown device 'tpu'; give cpu, cuda or cuda:0"),
        ("", "unknown device ''; give cpu"),
        ("mps", "device 'mps' is not supported; give cpu"),
        ("cuda", "device 'cuda' is not there: .* sees 0 GPUs; give cpu"),
    ],
)
def test_a_device_that_cannot_be_had_is_a_clear_error(monkeypatch, wanted: str, message: str):
    without_gpu(monkeypatch)
    with pytest.raises(AblateError, match=message):
        devices.choose(wanted)


@pytest.mark.parametrize(("supported", "expected"), [(False, "fp32"), (True, "bf16")])
def test_a_cpu_computes_in_bf16_only_where_it_multiplies_it_in_hardware(monkeypatch, supported: bool, expected: str):
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: supported, raising=False)
    assert devices.precision(CPU) == expected


def test_a_torch_that_cannot_say_what_the_cpu_has_computes_in_fp32(monkeypatch):
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    assert devices.precision(CPU) == "fp32"


@pytest.mark.parametrize(("supported", "expected"), [(False, "fp32"), (True, "bf16")])
def test_a_gpu_that_would_emulate_bf16_computes_in_fp32(monkeypatch, supported: bool, expected: str):
    def is_bf16_supported(including_emulation: bool) -> bool:
        return supported or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    assert devices.precision(torch.device("cuda")) == expected


def test_the_number_of_threads_is_set_only_where_it_is_given():
    before = torch.get_num_threads()
    try:
        assert devices.threads(2) == torch.get_num_threads() == 2
        assert devices.threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_processor_is_named_and_has_cores():
    assert devices.processor(CPU).strip(", ")
    assert devices.cores() >= 1
