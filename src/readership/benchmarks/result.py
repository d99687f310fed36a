"""The shape every benchmark answers in."""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readership.contracts import Metric

FIGURES = ("roc_auc", "average_precision", "log_loss", "ece", "lift_top_decile")
"""Metrics of a yes-or-no question that a benchmark shows."""


def result(
    name: str, figures: Mapping[str, Any], peers: Mapping[str, Any], protocol: str, seconds: float
) -> dict[str, Any]:
    """`{"bench", "figures", "peers", "protocol", "machine", "seconds"}`."""
    return {
        "bench": name,
        "figures": dict(figures),
        "peers": dict(peers),
        "protocol": protocol,
        "machine": machine(),
        "seconds": round(seconds, 1),
    }


def flat(metrics: Mapping[str, Metric]) -> dict[str, float]:
    """Metrics with their intervals as plain numbers: `roc_auc`, `roc_auc_low`, `roc_auc_high` …"""
    figures: dict[str, float] = {}
    for name in FIGURES:
        low, high = metrics[name]["ci95"]
        figures |= {name: metrics[name]["value"], f"{name}_low": low, f"{name}_high": high}
    return figures


def machine() -> dict[str, Any]:
    """What was measured on: cores, processor, memory, system and Python; no names."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
