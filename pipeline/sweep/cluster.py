"""The workers: processes of this machine by default, or any Dask cluster that is there already."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from pipeline.inputs.errors import RequestError
from pipeline.sweep.caller import Caller
from pipeline.sweep.scheduler import LOOK_UP, SchedulerLostError
from pipeline.sweep.tasks import identity
from pipeline.sweep.worker_startup import usable_cpus, warm_up

if TYPE_CHECKING:
    from distributed import Client
    from distributed import LocalCluster as Cluster

DEATHS = 1
"""How many deaths of a worker a task may see and still be given to another: a cell without memory should not cost
four workers, and a task that was merely beside it is tried again anyway."""
STARTING = 60.0
"""Seconds within which worker processes of this machine start: they take one."""
ANSWER = 10.0
"""Seconds within which a scheduler answers."""
SHARE = 0.9
"""Of the memory that this machine lets us have, the share that all workers together may take."""


@dataclass(frozen=True)
class Workers:
    """Who computes.

    Attributes
    ----------
    client
        Its connection.
    described
        In words, for the closing lines and the cube's provenance.
    memory_limit
        Of each worker, in bytes; 0 where it is not ours to say.
    """

    client: Client
    described: str
    memory_limit: int


@contextmanager
def external(scheduler: str | Client) -> Iterator[Workers]:
    """Connect to a Dask cluster; a client that is given is used and left open.

    Raises
    ------
    RequestError
        If no scheduler answers there, or its workers have another version of reluflow.
    """
    from distributed import Client

    if not isinstance(scheduler, str):
        _check_versions(scheduler)
        yield Workers(scheduler, f"the cluster at {_address(scheduler)}", 0)
        return
    try:
        client = Client(scheduler, timeout=ANSWER, set_as_default=False)
    except Exception as error:  # OSError, TimeoutError, ValueError, the TLS library's own
        raise _unanswered(scheduler, error) from None
    try:
        try:
            _check_versions(client)
        except OSError as error:
            raise _unanswered(scheduler, error) from None
        yield Workers(client, f"the cluster at {scheduler}", 0)
    finally:
        client.close(timeout=2)


@contextmanager
def local(workers: int, check: Callable[[], None] = Caller.check) -> Iterator[Workers]:
    """Start worker processes on this machine, one thread each, on the loopback interface only.

    ``check`` is called while they start (see :class:`Caller`).
    """
    warm_up()
    import dask
    from distributed import Client, LocalCluster
    from distributed.system import MEMORY_LIMIT

    limit = int(MEMORY_LIMIT * SHARE) // max(workers, usable_cpus())
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.worker.daemon": True,
        "distributed.admin.system-monitor.gil.enabled": False,
        "distributed.worker.profile.enabled": False,
        # Without a dashboard its server listens all the same: it has nothing to say.
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    with dask.config.set(settings), _quiet():
        cluster = _in_time(
            partial(
                LocalCluster, n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
                dashboard_address=None, memory_limit=limit, silence_logs=False,
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            ),
            check,
        )  # fmt: skip
        try:
            with Client(cluster, set_as_default=False, timeout=ANSWER) as client:
                count = "1 worker process" if workers == 1 else f"{workers} worker processes"
                yield Workers(client, f"{count} of this machine", limit)
        finally:
            cluster.close(timeout=5)


def _in_time(start: Callable[[], Cluster], check: Callable[[], None]) -> Cluster:
    """Start the workers, and give up when that takes too long.

    If the process they are forked from is killed while it starts, Python waits for its answer for ever.

    Raises
    ------
    SchedulerLostError
    """
    outcome: SimpleQueue[Cluster | Exception] = SimpleQueue()

    def attempt() -> None:
        try:
            outcome.put(start())
        except (RuntimeError, OSError) as error:  # a worker, or that process, was killed
            outcome.put(error)

    Thread(target=attempt, daemon=True).start()
    found: Cluster | Exception | None = None
    until = monotonic() + STARTING
    try:
        while found is None:
            check()
            with suppress(Empty):
                found = outcome.get(timeout=LOOK_UP)
            if found is None and monotonic() > until:
                found = TimeoutError(f"no answer for {STARTING:.0f} s")
    except KeyboardInterrupt:
        # Left alone, the start would go on while this process ends, and tell of it behind the closing line.
        with suppress(Empty):
            begun = outcome.get(timeout=max(0.0, until - monotonic()))
            if not isinstance(begun, Exception):
                begun.close(timeout=5)
        raise
    if isinstance(found, Exception):
        raise SchedulerLostError(f"worker processes did not start ({str(found).rstrip('.')})")
    return found


def _unanswered(scheduler: str, error: Exception) -> RequestError:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return RequestError(
        f"--scheduler {scheduler}: no Dask scheduler answers ({reason}); allowed is an address such as "
        "tcp://127.0.0.1:8786"
    )


def _check_versions(client: Client) -> None:
    """Refuse workers that would compute something else, or nothing."""
    ours = identity()
    answers: dict[str, Any] = client.run(identity, on_error="return")
    for address, theirs in answers.items():
        if isinstance(theirs, OSError):
            continue  # it died while it was asked, as workers may at any other time: the others go on
        if isinstance(theirs, BaseException):
            raise RequestError(
                f"--scheduler {_address(client)}: its worker {address} has no reluflow ({type(theirs).__name__}: "
                f"{' '.join(str(theirs).split())[:80]}); allowed are workers with reluflow {ours[0]}"
            )
        if tuple(theirs) != ours:
            raise RequestError(
                f"--scheduler {_address(client)}: its worker {address} has reluflow {theirs[0]} (schema "
                f"{theirs[1]}); allowed is the version here, {ours[0]} (schema {ours[1]})"
            )


def _address(client: Client) -> str:
    return str(client.scheduler.address) if client.scheduler is not None else "?"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the scheduler's and the nannies' log to themselves: a worker that died is told in our own words."""
    loggers = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict) if "distributed" in name]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
