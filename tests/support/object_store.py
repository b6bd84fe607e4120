"""An S3-compatible server of this process on the loopback interface, and how child processes find it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

BUCKET = "flows"


@cache
def _names_once() -> None:
    """Have moto list its own folders once, not twice a request: that is 5 of the 15 ms that one takes."""
    from moto import backends

    names = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: names


@contextmanager
def object_store() -> Iterator[dict[str, str]]:
    """Start a server with an empty bucket; the environment under which every process finds it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    _names_once()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    forget_clients()
    try:
        import boto3

        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield environment
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        forget_clients()
        server.stop()


def forget_clients() -> None:
    """Let go of the clients that fsspec keeps: they talk to the address that was named when they were made."""
    from fsspec.asyn import sync
    from s3fs import S3FileSystem
    from zarr.core.sync import sync as zarr_sync

    # s3fs closes a client when it is collected, but gives its event loop a tenth of a second for it; and never
    # those that zarr has in an event loop of its own.
    for system in list(S3FileSystem._cache.values()):
        client = system._s3
        if client is not None:
            zarr_sync(client.close()) if system.asynchronous else sync(system.loop, client.close)
    S3FileSystem.clear_instance_cache()
