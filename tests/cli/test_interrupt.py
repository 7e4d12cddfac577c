"""Ctrl-C is noted, whatever becomes of the exception that it raises."""

from __future__ import annotations

import os
import signal

import pytest

from sbrt_qa.cli.interrupt import Interrupt


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_that_is_swallowed_still_ends_the_next_wait():
    with Interrupt() as interrupt:
        with pytest.raises(KeyboardInterrupt):  # what a finalizer would swallow
            press()
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            interrupt.wait(3600)


def test_what_has_safe_points_is_left_to_reach_one():
    reached = []

    def work() -> None:
        with Interrupt() as interrupt, interrupt.at_safe_points():
            press()
            reached.append("a safe point")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached


def test_a_second_one_interrupts_at_once():
    def work() -> None:
        with Interrupt() as interrupt, interrupt.at_safe_points():
            press()
            press()
            pytest.fail("it went on")

    with pytest.raises(KeyboardInterrupt):
        work()


def test_a_wait_that_nobody_interrupts_ends_by_itself():
    with Interrupt() as interrupt:
        interrupt.wait(0.01)
        interrupt.look()
        assert not interrupt.asked


def test_afterwards_everything_is_as_before():
    before = signal.getsignal(signal.SIGINT)
    with Interrupt():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
