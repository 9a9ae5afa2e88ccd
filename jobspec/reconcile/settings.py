"""How a daemon shall work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from jobspec.planning.guards import Allowances
from jobspec.reconcile.watch import WatchPace


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long is waited for what, in seconds.

    Attributes:
        quiet: After the last change of a file, before the files are read.
        patience: After the first change, however much is written after it.
        lock: For git to finish what it does to the work tree.
        confirm: Between two equal loads of which the second lets jobs go.
        first_retry: Before a failed cycle is tried again; it doubles each time.
        longest_retry: The most that it grows to.
        contended: What a contended job waits at first; it doubles each time.
        longest_contended: The most that it grows to.
    """

    quiet: float = 0.3
    patience: float = 5.0
    lock: float = 30.0
    confirm: float = 2.0
    first_retry: float = 1.0
    longest_retry: float = 60.0
    contended: float = 300.0
    longest_contended: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSettings:
    """How a daemon shall work.

    Attributes:
        environment: The environment whose overlays are merged; None where the project declares none.
        data_converter: Import path of the data converter that the connection uses, as `jobspec.toml` had it.
        prunes: Whether jobs that left the specs are retired and deleted.
        is_dry_run: Whether nothing is written.
        interval: Between two cycles that read all of what is live.
        sweep: The time within which every schedule is verified in full.
        allowances: Guards that are let pass.
        delays: How long is waited for what.
        watch_pace: How files are watched.
    """

    environment: str | None = None
    data_converter: str | None = None
    prunes: bool = True
    is_dry_run: bool = False
    interval: timedelta = timedelta(minutes=5)
    sweep: timedelta = timedelta(hours=1)
    allowances: Allowances = field(default_factory=Allowances)
    delays: Delays = field(default_factory=Delays)
    watch_pace: WatchPace = field(default_factory=WatchPace)

    @property
    def window(self) -> float:
        """How long a change must hold so that nothing is held against it, in seconds.

        Others must have been looked for meanwhile, and it must be longer than a contended job waits: else each wait
        would end the dispute, and begin it anew.
        """
        looks = 3 * max(self.interval, self.sweep).total_seconds()
        return max(looks, 2 * self.delays.longest_contended)
