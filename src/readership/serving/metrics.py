"""Counts and durations of requests, kept by one worker in plain numbers, and shown to Prometheus on request.

Requests are counted on the event loop alone, so there is no lock to wait for. Each worker answers for itself:
the label `worker` holds its process id, and sums over it give the whole.
"""

import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Gauge(NamedTuple):
    """One figure that can go up and down, for each combination of its labels' values."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    rows: list[tuple[tuple[str, ...], float]]


class RequestMetrics(Collector):
    """What this worker answered, by route and status; and gauges asked for when scraped."""

    def __init__(self, gauges: Callable[[], Iterable[Gauge]]) -> None:
        self._worker = str(os.getpid())
        self._counts: dict[tuple[str, str, int], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(_BOUNDS) + 1))
        self._seconds: dict[str, float] = defaultdict(float)
        self._gauges = gauges

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request; `status` 0 is a caller who left before the answer."""
        self._counts[route, method, status] += 1
        self._buckets[route][bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[route] += seconds

    def registry(self) -> CollectorRegistry:
        """These metrics with those of the process (memory, processor time, open files)."""
        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        return registry

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "readership_http_requests", "Requests answered.", labels=["worker", "route", "method", "status"]
        )
        for (route, method, status), number in self._counts.items():
            requests.add_metric([self._worker, route, method, str(status)], number)
        yield requests
        durations = HistogramMetricFamily(
            "readership_http_request_seconds", "Time to answer, inside the process.", labels=["worker", "route"]
        )
        for route, buckets in self._buckets.items():
            durations.add_metric([self._worker, route], _cumulative(buckets), self._seconds[route])
        yield durations
        for gauge in self._gauges():
            family = GaugeMetricFamily(gauge.name, gauge.meaning, labels=["worker", *gauge.labels])
            for values, figure in gauge.rows:
                family.add_metric([self._worker, *values], figure)
            yield family


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total, rows = 0, []
    for bound, number in zip([*map(str, _BOUNDS), "+Inf"], buckets, strict=True):
        total += number
        rows.append((bound, float(total)))
    return rows
