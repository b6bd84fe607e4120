"""Who may ask: every combination of Host and Origin, and what is sent with every answer."""

from types import SimpleNamespace

import pytest
from tornado.httputil import HTTPHeaders
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application, RequestHandler

from dashboards.security import HEADERS, allowed_hosts, guard, refusal

HOSTS = allowed_hosts(5006, ["Flows.example.org"])


def request(*headers, **named):
    """What of a request is looked at."""
    found = HTTPHeaders(named)
    for name, value in headers:
        found.add(name, value)
    return SimpleNamespace(headers=found)


@pytest.mark.parametrize(
    "host", ["localhost:5006", "127.0.0.1:5006", "[::1]:5006", "LOCALHOST:5006", "flows.example.org"]
)
def test_own_names_are_let_in(host):
    assert refusal(request(Host=host), HOSTS) is None
    assert refusal(request(Host=host, Origin=f"http://{host}"), HOSTS) is None
    assert refusal(request(Host=host, Origin=f"http://{host}", Upgrade="websocket"), HOSTS) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "localhost:80", "", "127.0.0.1.evil.example:5006", "*"]
)
def test_foreign_hosts_are_refused_whatever_their_origin(host):
    assert "Host" in refusal(request(Host=host), HOSTS)
    assert "Host" in refusal(request(Host=host, Origin=f"http://{host}"), HOSTS)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "http://localhost:8000", "file://", "localhost:5006"]
)
def test_foreign_and_null_origins_are_refused(origin):
    for upgrade in ({}, {"Upgrade": "websocket"}):
        assert "Origin" in refusal(request(Host="localhost:5006", Origin=origin, **upgrade), HOSTS)


def test_a_websocket_without_an_origin_is_refused_and_a_page_is_not():
    assert "websocket" in refusal(request(Host="localhost:5006", Upgrade="WebSocket"), HOSTS)
    assert refusal(request(Host="localhost:5006"), HOSTS) is None


def test_two_origins_are_refused():
    two = [("Origin", "http://localhost:5006"), ("Origin", "http://evil.example")]
    assert "Origin" in refusal(request(*two, Host="localhost:5006"), HOSTS)


class Said(RequestHandler):
    def get(self):
        self.set_header("Access-Control-Allow-Origin", "*")
        self.write("hello")


class TestGuard(AsyncHTTPTestCase):
    """The guard in front of a real server."""

    def get_app(self):
        application = Application([("/", Said)])
        guard(application, allowed_hosts(self.get_http_port()))
        return application

    def test_a_page_has_the_headers_and_nobody_else_s(self):
        answer = self.fetch("/")
        assert (answer.code, answer.body) == (200, b"hello")
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Server" not in answer.headers

    def test_a_foreign_host_gets_one_line(self):
        answer = self.fetch("/", headers={"Host": "evil.example", "Origin": "http://evil.example"})
        assert answer.code == 403
        assert answer.body.startswith(b"reluflow: Host 'evil.example' is not allowed")
        assert answer.body.count(b"\n") == 1
        assert answer.headers["X-Frame-Options"] == "DENY"

    def test_what_is_not_there_has_the_headers_too(self):
        answer = self.fetch("/nothing")
        assert answer.code == 404
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
