"""Families of numbers as Prometheus reads them. `prometheus_client` is imported at the first reading, not before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from hubbub.measures import Distribution


class Family(NamedTuple):
    """One metric. `rows`: (label values, value)."""

    kind: Literal["counter", "gauge"]
    name: str  # a counter's ends in _total
    help: str
    labels: tuple[str, ...]
    rows: Sequence[tuple[tuple[str, ...], float]]


class Spread(NamedTuple):
    """A histogram, in the unit that its name says."""

    name: str
    help: str
    distribution: Distribution


def counter(name: str, help: str, value: float) -> Family:
    return Family("counter", name, help, (), [((), value)])


def gauge(name: str, help: str, value: float) -> Family:
    return Family("gauge", name, help, (), [((), value)])


def load() -> None:
    """Import what `render` needs: a quarter of a second that a loop which serves people has not. Any thread may do it."""
    import prometheus_client.core  # noqa: F401  # pyright: ignore[reportUnusedImport]


def render(families: Iterable[Family | Spread], accept: str) -> tuple[str, bytes]:
    """The media type that the reader likes best, and the page: our families and those of the process (memory, CPU,
    open files) from a registry of our own."""
    from prometheus_client import GCCollector, ProcessCollector
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.registry import CollectorRegistry

    registry: Any = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_Collector(list(families)))
    encode, media_type = choose_encoder(accept)
    return media_type, encode(registry)


class _Collector:
    def __init__(self, families: Sequence[Family | Spread]) -> None:
        self._families = families

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for each in self._families:
            if isinstance(each, Spread):
                yield _histogram(each)
                continue
            kind: Any = CounterMetricFamily if each.kind == "counter" else GaugeMetricFamily
            family = kind(each.name, each.help, labels=each.labels)
            for labels, value in each.rows:
                family.add_metric(labels, value)
            yield family


def _histogram(spread: Spread) -> Any:
    from prometheus_client.core import HistogramMetricFamily
    from prometheus_client.utils import floatToGoString

    distribution = spread.distribution
    family = HistogramMetricFamily(spread.name, spread.help, labels=distribution.labels)
    names = [*map(floatToGoString, distribution.bounds), "+Inf"]
    for labels, buckets, total in distribution.series():
        so_far, cumulative = 0, list[tuple[str, int]]()
        for name, count in zip(names, buckets, strict=True):
            so_far += count
            cumulative.append((name, so_far))
        family.add_metric(labels, cumulative, total)
    return family
