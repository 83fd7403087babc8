"""What the parts count of themselves, in plain numbers; `infra/telemetry/metrics.py` words it for Prometheus.

Labels are few and bounded: route templates, names of services and verbs, outcomes; never an id, a name or a path.
Used on the event loop only, so nothing is locked.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_SERIES = 2_000  # combinations of labels of one measure: more is a defect, and would fill the memory of the reader


class Series(NamedTuple):
    """One combination of labels: how many values fell into each bucket (the last one has no bound), and their sum."""

    labels: tuple[str, ...]
    buckets: tuple[int, ...]
    total: float


class Distribution:
    """A histogram: how often, how much in all, and how it is spread. One `add` costs about half a microsecond."""

    __slots__ = ("_series", "bounds", "labels")

    def __init__(self, labels: tuple[str, ...] = (), bounds: tuple[float, ...] = SECONDS) -> None:
        self.labels = labels
        self.bounds = bounds
        self._series: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}

    def add(self, value: float, *labels: str) -> None:
        found = self._series.get(labels)
        if found is None:
            if len(labels) != len(self.labels):
                raise TypeError(f"labels are {self.labels}, not {labels}")
            if len(self._series) >= MOST_SERIES:
                return
            found = self._series[labels] = ([0] * (len(self.bounds) + 1), [0.0])
        found[0][bisect_left(self.bounds, value)] += 1
        found[1][0] += value

    def series(self) -> list[Series]:
        return [Series(labels, tuple(buckets), sums[0]) for labels, (buckets, sums) in self._series.items()]
