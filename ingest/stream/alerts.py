"""Findings become alerts: opened once, raised while they last, closed when the channel is normal again."""

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.detectors.protocol import Finding
from ingest.feeds.services import feed_append
from ingest.gateway.models import Instrument
from ingest.stream.models import Alert
from ingest.stream.moments import moment
from ingest.stream.runs import run_at

ALARM = 0.5
CALM_S = 10.0  # without a finding for so long, the channel is normal again
WHOLE = ""  # the channel of an alert about the whole instrument


@dataclass
class Board:
    """The open alerts of an instrument: {"channel|kind": [alert id, time of the last finding in ns]}."""

    instrument: Instrument
    open: dict[str, list[int]]

    def raise_(self, channel: str, finding: Finding) -> None:
        """Open an alert or keep it open; what is less sure than ALARM is no alert."""
        if finding.score < ALARM:
            return
        key = f"{channel}|{finding.kind}"
        if key in self.open:
            self.open[key][1] = finding.time
            Alert.objects.filter(pk=self.open[key][0], score__lt=finding.score - 0.02).update(
                score=finding.score, reason=finding.reason
            )
            return
        started = moment(finding.time)
        alert, made = Alert.objects.get_or_create(
            instrument=self.instrument, channel=channel, kind=finding.kind, started=started,
            defaults={"run": run_at(self.instrument, started), "score": finding.score, "reason": finding.reason},
        )  # fmt: skip
        self.open[key] = [alert.pk, finding.time]
        if made:
            feed_append("alerts", str(alert.pk))

    def close(self, key: str, time_ns: int) -> None:
        """Close an alert at this time."""
        pk, _ = self.open.pop(key)
        if Alert.objects.filter(pk=pk, ended__isnull=True).update(ended=moment(time_ns)):
            feed_append("alerts", str(pk))

    def ended(self, channel: str, finding: Finding) -> None:
        """A gap that is known only now that it is over: its alert is closed, or written as closed."""
        key = f"{channel}|{finding.kind}"
        self.raise_(channel, finding)
        if key in self.open:
            self.close(key, finding.time)

    def settle(self, newest: Mapping[str, int]) -> None:
        """Close what has been normal for a while. `newest`: time of each channel's newest point, ns."""
        for key, (_, last) in list(self.open.items()):
            channel, _, kind = key.rpartition("|")
            now = newest.get(channel, 0) if channel != WHOLE else max(newest.values(), default=0)
            if now - last > (0 if kind == "gap" else CALM_S * 1e9):
                self.close(key, last if kind != "gap" else now)
