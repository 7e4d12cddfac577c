"""What the tests of isolation have run in a process of its own."""

import os
import signal
import subprocess
import sys
import time

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.errors import DicomError
from sbrt_qa.i18n.phrase import say


def load(*paths):
    return len(load_cases(paths))


def problems(path):
    """What is wrong with each structure of a case."""
    (case,) = load_cases(path)
    return [s.problem.detail if s.problem else "" for s in case.structures.structures]


def echo(value):
    return value


def refuse_cut_off(path):
    """Raise what a reader of files raises, with what was found there."""
    raise DicomError("the file is cut off", where=path, got=say("{0} bytes", 12))


def process_id():
    return os.getpid()


def sleep_for_ever():
    while True:
        time.sleep(60)


def ignore_signals_and_sleep():
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(name, signal.SIG_IGN)
    sleep_for_ever()


def burn():
    while True:
        pass


def take_memory():
    return len(bytearray(8 * 1024**3))


def kill_myself():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    sys.exit(3)


def vanish():
    os._exit(7)


def answer_with_much():
    return "x" * 3_000_000


def refuse():
    raise DicomError("broken", where="RD.dcm", got="'x'", expected="y", advice="Try again")


def fail():
    return 1 / 0


def answer_with_an_object():
    return object()


def write_a_large_file(path):
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(bytes(300 * 1024**2))


def fail_to_prepare():
    raise RuntimeError


def start_a_sleeper(path):
    """Hold a lock on a file together with a process of one's own that sleeps."""
    import fcntl

    with open(path, "wb") as file:  # noqa: PTH123
        fcntl.flock(file, fcntl.LOCK_EX)
        subprocess.Popen(["sleep", "1000"], pass_fds=[file.fileno()])
        open(path + ".begun", "wb").close()  # noqa: PTH123
        sleep_for_ever()


def no_second_engine():
    """Get ready to review, and to die where the second engine is asked."""
    from sbrt_qa import pipeline
    from sbrt_qa.pipeline import one_plan

    pipeline.warm_up()
    one_plan.with_second_engine = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
