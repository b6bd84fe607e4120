"""Static web servers on the loopback interface: a plain one, one that lists nothing, one that is ill."""

import threading
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Quiet(SimpleHTTPRequestHandler):
    """Python's own static server, saying nothing; it keeps connections open, as web servers do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the second of two small writes waits for the answer to the first

    def handle(self):
        with suppress(OSError):  # the other side has seen enough
            super().handle()

    def log_message(self, *_):
        pass


class Closing(Quiet):
    """A connection for each file, as Python's own server has it: three times as slow."""

    protocol_version = "HTTP/1.0"


class Unlisted(Quiet):
    """It refuses to list a folder, as most web servers do."""

    def list_directory(self, path):
        self.send_error(403)


class Failing(Quiet):
    """Whatever is asked of it fails."""

    def send_head(self):
        self.send_error(500)


class Endless(Quiet):
    """Each file goes on for ever: what a bound is for."""

    def do_GET(self):
        if not self.path.endswith("/c.0"):
            return super().do_GET()
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(2**16))
        except OSError:
            self.close_connection = True


@contextmanager
def serving(folder, handler=Quiet):
    """The address of a server of ``folder``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
