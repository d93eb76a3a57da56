"""What the list+watches of a source have seen, for Prometheus."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kube_sync.cluster.watched import Watched
from kube_sync.instruments import PREFIX


class WatchCollector(Collector):
    """Every list+watch by its resource; nothing for a source that watches nothing."""

    def __init__(self, watched: Mapping[str, Watched]) -> None:
        self._watched = watched

    def collect(self) -> Iterable[Metric]:
        """Read them now."""
        size = GaugeMetricFamily(f"{PREFIX}_cache_objects", "Objects of the cluster that are kept in memory.", labels=["resource"])
        age = GaugeMetricFamily(
            f"{PREFIX}_watch_last_event_age_seconds", "Seconds since anything was heard, bookmarks included.", labels=["resource"]
        )
        lists = CounterMetricFamily(f"{PREFIX}_watch_lists", "Complete lists, the first included.", labels=["resource"])
        events = CounterMetricFamily(f"{PREFIX}_watch_events", "Events of watches, bookmarks included.", labels=["resource"])
        restarts = CounterMetricFamily(
            f"{PREFIX}_watch_restarts", "Watches and lists that had to be begun again, by why.", labels=["resource", "cause"]
        )
        for resource, watched in self._watched.items():
            size.add_metric([resource], watched.size)
            lists.add_metric([resource], watched.lists)
            events.add_metric([resource], watched.events)
            if watched.age is not None:
                age.add_metric([resource], watched.age)
            for cause, count in watched.restarts.items():
                restarts.add_metric([resource, cause], count)
        return [size, age, lists, events, restarts]
