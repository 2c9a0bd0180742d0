"""The linker of machine code: one for the process, and whole in its children."""

import os
import signal
import threading

import pytest

from flambeau.compiler.run import engine


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_child_can_link_although_a_thread_was_linking():
    engine._linker()
    began = threading.Event()
    end = threading.Event()

    def link():
        with engine._linking:
            began.set()
            end.wait(0.3)

    thread = threading.Thread(target=link)
    thread.start()
    assert began.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if engine._linking.acquire(timeout=5) else 1)
    end.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
