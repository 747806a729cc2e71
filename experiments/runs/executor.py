"""Who does the jobs of a sweep: processes on this machine, or workers on others."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, Self, TypeVar

from experiments.runs.parcel import Parcel
from experiments.runs.workers import JobResult

__all__ = ["ClusterError", "RunExecutor"]

Job = TypeVar("Job")


class RunExecutor(Protocol):
    """Does jobs between the beginning and the end of a ``with`` block, and survives their deaths.

    ``experiments.runs.workers.Workers`` are processes beside the caller;
    ``experiments.runs.cluster.Cluster`` is a scheduler with workers anywhere.
    """

    @property
    def shares_files(self) -> bool:
        """Whether jobs see the files of the caller, and may write to them."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def bring(self, parcel: Parcel) -> None:
        """Bring files to where jobs are done; without ``shares_files`` before the first job.

        Parameters
        ----------
        parcel
            The files.
        """

    def run(self, function: Callable[[Job], Any], jobs: Sequence[Job]) -> Iterator[JobResult[Job]]:
        """Call a function on every job and yield each outcome as it comes, in no order.

        A job that raises, or whose worker dies several times, is an outcome like any other.

        Parameters
        ----------
        function
            Of one job; it must pickle, so it is one of a module.
        jobs
            They must pickle.
        """


class ClusterError(ValueError):
    """A cluster cannot do what was asked, or is gone: the message is one line that says why."""
