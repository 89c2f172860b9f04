import asyncio
import signal
from collections.abc import Generator

import pytest

from api.cli.command import ARRIVED, SIGNALS, exit_on_signal, run


@pytest.fixture(autouse=True)
def _handlers() -> Generator[None]:
    """Those of `serve` and `work`."""
    handlers = [(number, signal.signal(number, exit_on_signal)) for number in SIGNALS]
    yield
    for number, handler in handlers:
        signal.signal(number, handler)
    ARRIVED.clear()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_no_code_but_where_it_waits(number: signal.Signals) -> None:
    done = []

    async def work() -> None:
        try:
            signal.raise_signal(number)
            done.append("in the middle")
            await asyncio.sleep(60)
            done.append("after the wait")
        finally:
            done.append("at the end")

    with pytest.raises(SystemExit) as ended:
        run(work())

    assert ended.value.code == 0
    assert done == ["in the middle", "at the end"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_at_the_end_of_the_work_ends_the_command_all_the_same(number: signal.Signals) -> None:
    async def work() -> str:
        signal.raise_signal(number)
        return "done"

    with pytest.raises(SystemExit) as ended:
        run(work())

    assert ended.value.code == 0
    assert [signal.getsignal(each) for each in SIGNALS] == [exit_on_signal, exit_on_signal]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_comes_where_exceptions_are_ignored_is_not_lost() -> None:
    done = []

    class Forgotten:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    async def work() -> None:
        done.append("begun")

    forgotten = Forgotten()
    del forgotten
    with pytest.raises(SystemExit) as ended:
        run(work())

    assert (ended.value.code, done) == (0, [])


def test_without_a_signal_the_result_or_the_error_is_that_of_the_work() -> None:
    async def work(value: int) -> int:
        await asyncio.sleep(0)
        return 1 // value

    assert run(work(1)) == 1
    with pytest.raises(ZeroDivisionError):
        run(work(0))
    assert [signal.getsignal(each) for each in SIGNALS] == [exit_on_signal, exit_on_signal]
