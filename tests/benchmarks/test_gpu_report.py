"""What is said where there is no GPU, and how the figures of one read."""

from __future__ import annotations

import torch

from benchmarks.gpu.__main__ import NO_CUDA, main
from benchmarks.gpu.report import markdown


def test_without_cuda_one_line_and_nothing_written(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == NO_CUDA + "\n"
    assert list(tmp_path.iterdir()) == []


def test_the_report_names_ratios_memory_and_pieces():
    found = {
        "machine": {"gpu": "A card", "gpu_precision": "bf16"},
        "versions": {"torch": "2.13.0"},
        "commit": "",
        "shapes": {
            "bert-base shape": {
                "ratios": {"share_of_peak": {"value": 0.35, "goal": 0.4, "note": "told"}},
                "peak_memory_bytes": {"ours": 2**30, "trainer": 3 * 2**30},
                "pieces": {"torch.compile against the default": {"value": 1.2, "unit": "x", "memory_ratio": 0.9}},
            }
        },
    }
    text = markdown(found)
    assert "| `share_of_peak` | 35 % | 40 % | **short** | told |" in text
    assert "ours 1.00 GiB, trainer 3.00 GiB" in text
    assert "| torch.compile against the default | 1.2x | 0.90 of the default |" in text
