"""Run a function in a process of its own, with caps on time, memory and what it may answer.

For untrusted input: whatever happens to the child, the parent gets an
:class:`Outcome` and goes on. The child starts from a clean interpreter and answers in JSON; nothing
that it sends is ever unpickled. As with all of :mod:`multiprocessing`, a script that calls
:func:`run_isolated` does so under ``if __name__ == "__main__":``.
"""

from __future__ import annotations

import contextlib
import enum
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, Final

from sbrt_qa import errors
from sbrt_qa.errors import OwnFault, SbrtQaError
from sbrt_qa.i18n.phrase import phrases_in, say, with_phrases

_resource: ModuleType | None
try:
    import resource as _resource
except ImportError:  # Windows
    _resource = None

PREPARE_SECONDS: Final = 600.0
"""Longest time to get ready, which may include compiling kernels for the first time."""

MAX_FILE_BYTES: Final = 256 * 1024**2
"""Largest file that the child may write: only the kernel cache needs any."""

_READY: Final = b"ready"

_running: set[BaseProcess] = set()
_lead_group: Final = getattr(os, "setsid", lambda: None)
_end_group: Final = getattr(os, "killpg", None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use, counted from when it is ready; its answer is as large as it may send.

    It is the processor time that tells whether a child is at a loss: on a loaded machine sound work
    takes many times as long by the clock. `seconds` ends one that only waits. Where the system has
    no resource limits (Windows), only `seconds` and `answer_bytes` hold.
    """

    seconds: float = 900.0
    cpu_seconds: int = 120
    memory_bytes: int = 4 * 1024**3
    answer_bytes: int = 64 * 1024**2


class FailureKind(enum.StrEnum):
    """What kept a child from answering."""

    TIME = "time"
    """It took longer than it may, by the clock or by its processor time."""
    MEMORY = "memory"
    """It needed more memory than it may."""
    ENDED = "ended"
    """A signal ended it."""
    OURS = "ours"
    """A fault of this program, or an answer that is too large or cannot be read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: its value, the error it raised on purpose, or why there is neither.

    ``failure`` is a few words, such as ``exceeded 900 s``; it is empty when there is an answer.
    ``kind`` says of a failure what it is.
    """

    value: Any = None
    error: SbrtQaError | None = None
    failure: str = ""
    kind: FailureKind = FailureKind.OURS


def caps_hold() -> bool:
    """Tell whether this system can cap memory and processor time, or only time."""
    return _resource is not None


def nothing() -> None:
    """Get ready by doing nothing."""


def run_isolated(
    call: Callable[..., Any],
    arguments: Sequence[Any] = (),
    limits: Limits | None = None,
    *,
    prepare: Callable[[], None] = nothing,
) -> Outcome:
    """Call a function in a process of its own and wait for what comes of it.

    Parameters
    ----------
    call
        A function of a module, which returns what JSON can hold.
    arguments
        Its arguments: values of any type that can be pickled, which reach it unchanged.
    limits
        Caps; the usual ones when not given.
    prepare
        Called first, without caps: imports and compiles, and never looks at the input.
    """
    limits = limits or Limits()
    context = _context()
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(
        target=_child, args=(call, tuple(arguments), limits, prepare, sending), daemon=True
    )
    process.start()
    sending.close()
    _running.add(process)
    try:
        return _outcome(process, receiving, limits)
    finally:
        _running.discard(process)
        _end(process)
        process.join()
        process.close()
        receiving.close()


def end_all() -> None:
    """End every child that is at work; whoever waits for one gets an outcome that says so."""
    for process in list(_running):
        with contextlib.suppress(ValueError, OSError):  # it has just come to its own end
            _end(process)


def _end(process: BaseProcess) -> None:
    """End a child, and what it may have started itself."""
    if _end_group is not None and process.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it leads no group yet
            _end_group(process.pid, signal.SIGKILL)
    process.kill()


def preload(modules: Sequence[str], *, at_once: bool = False) -> None:
    """Have modules imported once for all children to come, where the system can share them.

    With `at_once` that begins now, beside whatever this process does next, and not with the first
    child.
    """
    context = _context()
    if isinstance(context, ForkServerContext):
        context.set_forkserver_preload(list(modules))
        if at_once:
            with _without_interrupts():
                forkserver.ensure_running()


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start processes that Ctrl-C on the terminal does not reach: this one decides for all."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # one that came meanwhile comes now


def _context() -> ForkServerContext | SpawnContext:
    if "forkserver" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


# --- the parent -------------------------------------------------------------------------------


def _outcome(process: BaseProcess, receiving: Connection, limits: Limits) -> Outcome:
    answer = _receive(process, receiving, PREPARE_SECONDS, limits)
    if answer == _READY:
        answer = _receive(process, receiving, limits.seconds, limits)
    return _read_answer(answer) if isinstance(answer, bytes) else answer


def _receive(
    process: BaseProcess, receiving: Connection, seconds: float, limits: Limits
) -> bytes | Outcome:
    """Wait for one message; the child is killed when its time is over, whatever it is doing."""
    over = threading.Event()

    def kill() -> None:
        over.set()
        _end(process)

    watchdog = threading.Timer(seconds, kill)
    watchdog.start()
    try:
        return receiving.recv_bytes(limits.answer_bytes)
    except EOFError:
        process.join()
        return _too_late(seconds) if over.is_set() else _why_gone(process, limits)
    except OSError:
        if over.is_set():
            return _too_late(seconds)
        most = f"{limits.answer_bytes / 1e6:g}"
        return Outcome(failure=say("answered with more than {0} MB", most))
    finally:
        watchdog.cancel()
        watchdog.join()


def _too_late(seconds: float) -> Outcome:
    return Outcome(failure=say("exceeded {0} s", f"{seconds:g}"), kind=FailureKind.TIME)


def _why_gone(process: BaseProcess, limits: Limits) -> Outcome:
    code = process.exitcode or 0
    if code == -getattr(signal, "SIGXCPU", 0):
        told = say("exceeded {0} s of processor time", limits.cpu_seconds)
        return Outcome(failure=told, kind=FailureKind.TIME)
    if code < 0:
        return Outcome(failure=say("was ended by signal {0}", -code), kind=FailureKind.ENDED)
    return Outcome(failure=say("broke off with exit code {0}", code))


def _read_answer(answer: bytes) -> Outcome:
    """Take nothing for granted: the child may have been taken over by what it read."""
    try:
        data = json.loads(answer)
        kind, content = data["kind"], data["content"]
        if kind == "value":
            return Outcome(value=content)
        if kind in ("failure", "memory"):
            ours, full = FailureKind.OURS, FailureKind.MEMORY
            told = with_phrases(str(content), data.get("phrases"))
            return Outcome(failure=told, kind=full if kind == "memory" else ours)
        return Outcome(error=_rebuilt(content, data.get("phrases")))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return Outcome(failure=say("gave an answer that cannot be read"))


def _rebuilt(content: dict[str, str], phrases: object) -> SbrtQaError:
    error_type = getattr(errors, content.pop("type"))
    if not (isinstance(error_type, type) and issubclass(error_type, SbrtQaError)):
        raise TypeError
    texts = {key: str(text) for key, text in content.items()}
    return error_type(**with_phrases(texts, phrases))


# --- the child --------------------------------------------------------------------------------


def _child(
    call: Callable[..., Any],
    arguments: tuple[Any, ...],
    limits: Limits,
    prepare: Callable[[], None],
    sending: Connection,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    _lead_group()
    try:
        prepare()
        sending.send_bytes(_READY)
        cap(limits)
        answer = _answer("value", call(*arguments))
    except MemoryError:
        answer = _answer("memory", say("exceeded {0} GB", f"{limits.memory_bytes / 1e9:.3g}"))
    except OwnFault as error:
        answer = _answer("failure", error.what)
    except SbrtQaError as error:
        answer = _answer("error", _fields(error))
    except Exception as error:  # noqa: BLE001 - the parent decides what it means
        answer = _answer("failure", errors.own_fault(error).what)
    sending.send_bytes(answer)
    sending.close()


def _answer(kind: str, content: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    phrases = {} if kind == "value" else phrases_in(content)
    return json.dumps({"kind": kind, "content": content, "phrases": phrases}).encode()


def _fields(error: SbrtQaError) -> dict[str, str]:
    """Return an error as texts; one of a type that the parent does not know as its base."""
    known = next(t for t in type(error).__mro__ if getattr(errors, t.__name__, None) is t)
    texts = {key: getattr(error, key) for key in ("what", "where", "got", "expected", "advice")}
    return {"type": known.__name__, **texts}


def cap(limits: Limits) -> None:
    """Cap the process that calls this, for the rest of its life, as far as the system can."""
    if _resource is None:
        return
    signal.alarm(int(limits.seconds) + 5)  # should the parent be gone
    used = _resource.getrusage(_resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + limits.cpu_seconds
    _cap_one("RLIMIT_CPU", cpu, cpu + 2)
    _cap_one("RLIMIT_AS", limits.memory_bytes)
    _cap_one("RLIMIT_FSIZE", MAX_FILE_BYTES)
    _cap_one("RLIMIT_CORE", 0)


def _cap_one(name: str, value: int, hard: int | None = None) -> None:
    kind = getattr(_resource, name, None)
    if _resource is None or kind is None:
        return
    _, now = _resource.getrlimit(kind)
    most = now if now != _resource.RLIM_INFINITY else max(value, hard or value)
    try:
        _resource.setrlimit(kind, (min(value, most), min(hard or value, most)))
    except (ValueError, OSError):
        return  # macOS knows some limits only by name
