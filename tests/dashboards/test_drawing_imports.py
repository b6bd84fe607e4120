"""HoloViews is imported on the event loop, where Panel looks for it at every change of a layout."""

import sys
import threading

from dashboards.drawing_imports import import_drawing


class Loop:
    """An event loop of which the test is the thread."""

    def __init__(self):
        self.asked, self.there = [], threading.Event()

    def add_next_tick_callback(self, callback):
        self.asked.append(callback)
        self.there.set()


def test_a_thread_waits_for_the_event_loop(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text("import threading\nwho = threading.current_thread()\n")
    monkeypatch.syspath_prepend(tmp_path)
    loop = Loop()
    worker = threading.Thread(target=import_drawing, args=("slow_to_import", loop))
    worker.start()
    assert loop.there.wait(10.0)
    assert "slow_to_import" not in sys.modules
    loop.asked[0]()
    worker.join(10.0)
    assert sys.modules.pop("slow_to_import").who is threading.current_thread()


def test_what_is_there_and_no_server_need_no_event_loop():
    loop = Loop()
    import_drawing("json", loop)
    import_drawing("dashboards.theme", None)
    assert loop.asked == []
