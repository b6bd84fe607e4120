"""Archives that strangers could send: an honest export, one thing in it changed, its manifest made anew."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace

import google_crc32c
import numpy as np
from numcodecs import Blosc, Zstd

from catalog.manifest import parse

Files = dict[str, bytes]
LOSS = "trajectory/loss"
MAGIC = b"\x28\xb5\x2f\xfd"


def with_checksum(body: bytes) -> bytes:
    return body + google_crc32c.value(body).to_bytes(4, "little")


def zeros(length: int) -> bytes:
    return bytes(Zstd(3).encode(bytes(length)))


def claiming(size: int, blocks: bytes = b"\x01\x00\x00") -> bytes:
    """A zstd frame that says it holds ``size`` bytes; by default its only block is empty."""
    return MAGIC + b"\xe0" + size.to_bytes(8, "little") + blocks


def rle(length: int) -> bytes:
    """A last block of one byte that is repeated ``length`` times."""
    return ((length << 3) | 3).to_bytes(3, "little") + b"\0"


def chunk(make: Callable[[bytes], bytes]) -> Callable[[Files], None]:
    """Change the loss's only chunk."""

    def change(files: Files) -> None:
        files[f"{LOSS}/c.0"] = make(files[f"{LOSS}/c.0"])

    return change


def node(path: str = LOSS, **changes: object) -> Callable[[Files], None]:
    """Change keys of an array's metadata, and of their copy."""
    return edited(path, lambda found: found.update(changes))


def edited(path: str, edit: Callable[[dict], object]) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        own, root = json.loads(files[f"{path}/zarr.json"]), json.loads(files["zarr.json"])
        edit(own)
        edit(root["consolidated_metadata"]["metadata"][path])
        files[f"{path}/zarr.json"], files["zarr.json"] = json.dumps(own).encode(), json.dumps(root).encode()

    return change


def attributes(path: str = LOSS, **changes: object) -> Callable[[Files], None]:
    return edited(path, lambda found: found["attributes"].update(changes))


def grid(*shape: int) -> dict[str, object]:
    return {"name": "regular", "configuration": {"chunk_shape": list(shape)}}


def text(path: str, content: bytes) -> Callable[[Files], None]:
    return lambda files: files.update({path: content})


def unwritten(files: Files) -> None:
    """Arrays of 2 GB of zeros, of which a disk has 200 kB."""
    edited(LOSS, lambda found: found.update(shape=[2**28], chunk_grid=grid(2**19)))(files)
    content = with_checksum(zeros(2**22))
    files |= {f"{LOSS}/c.{i}": content for i in range(2**9)}


def orphan(files: Files) -> None:
    root = json.loads(files["zarr.json"])
    metadata = root["consolidated_metadata"]["metadata"]
    metadata["nowhere/loss"] = metadata[LOSS]
    files["nowhere/loss/zarr.json"] = files[f"{LOSS}/zarr.json"]
    files["nowhere/loss/c.0"] = files[f"{LOSS}/c.0"]
    files["zarr.json"] = json.dumps(root).encode()


def shuffled(make: Callable[[bytes], bytes], **options: object) -> Callable[[Files], None]:
    """Say of the loss's chunk that it is compressed by Blosc, which it then is, as far as ``make`` lets it."""

    def change(files: Files) -> None:
        settings = {"typesize": 8, "cname": "zstd", "clevel": 2, "shuffle": "shuffle", "blocksize": 0} | options
        node(codecs=[CODECS[0], {"name": "blosc", "configuration": settings}, CODECS[2]])(files)
        content = bytes(Blosc("zstd", 2, Blosc.SHUFFLE).encode(np.zeros(20)))
        files[f"{LOSS}/c.0"] = with_checksum(make(content))

    return change


def header(content: bytes, **fields: int) -> bytes:
    """A buffer of Blosc whose header says something else."""
    names = ("version", "compressor", "flags", "typesize", "held", "block", "stored")
    said = dict(zip(names, struct.unpack("<BBBBIII", content[:16]), strict=True)) | fields
    return struct.pack("<BBBBIII", *said.values()) + content[16:]


CODECS = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd"}, {"name": "crc32c"}]
CHANGES: dict[str, Callable[[Files], None]] = {
    "a chunk that claims 6 GB": chunk(lambda _: with_checksum(claiming(6 * 2**30))),
    "a chunk that claims 16 EB": chunk(lambda _: with_checksum(claiming(2**64 - 1))),
    "a chunk that claims nothing": chunk(lambda _: with_checksum(MAGIC + b"\x00\x58\x01\x00\x00")),
    "a chunk of 256 MB of zeros": chunk(lambda _: with_checksum(zeros(2**28))),
    "a chunk that holds more than it claims": chunk(lambda _: with_checksum(claiming(160, rle(2**17)))),
    "a chunk that holds less than it claims": chunk(lambda _: with_checksum(claiming(160))),
    "two frames in a chunk": chunk(lambda content: with_checksum(content[:-4] + zeros(2**26))),
    "a frame to be skipped": chunk(
        lambda content: with_checksum(b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + content[:-4])
    ),
    "a frame with a dictionary": chunk(lambda _: with_checksum(MAGIC + b"\xe3" + bytes(4) + bytes(12))),
    "a chunk of rubbish": chunk(lambda _: with_checksum(b"rubbish" * 20)),
    "a chunk of nothing": chunk(lambda _: b""),
    "a chunk of four bytes": chunk(lambda _: with_checksum(b"")),
    "half a chunk": chunk(lambda content: with_checksum(content[:20])),
    "a chunk with another checksum": chunk(lambda content: content[:-4] + b"abcd"),
    "a shape of 4 EB": node(shape=[2**59]),
    "a shape beyond any integer": node(shape=[10**30]),
    "a shape below zero": node(shape=[-20]),
    "a shape of parts": node(shape=[20.5]),
    "a shape in words": node(shape=["20"]),
    "a shape in a shape": node(shape=[[20]]),
    "a thousand dimensions": node(shape=[1] * 1000, chunk_grid=grid(*[1] * 1000)),
    "no shape": edited(LOSS, lambda found: found.pop("shape")),
    "chunks of nothing": node(chunk_grid=grid(0)),
    "a chunk of 4 EB": node(chunk_grid=grid(2**59)),
    "a chunk of 80 MB": node(chunk_grid=grid(10**7)),
    "chunks of other dimensions": node(chunk_grid=grid(20, 1)),
    "chunks without a grid": node(chunk_grid="regular"),
    "a billion chunks": node(shape=[10**9], chunk_grid=grid(1)),
    "2 GB of zeros": unwritten,
    "objects": node(data_type="object"),
    "text": node(data_type={"name": "fixed_length_utf32", "configuration": {"length_bytes": 4}}),
    "dates by type": node(data_type={"name": "numpy.datetime64", "configuration": {"unit": "D"}}),
    "no codec": node(codecs=[]),
    "pickles": node(codecs=[{"name": "numcodecs.pickle"}, *CODECS[1:]]),
    "blosc": node(codecs=[CODECS[0], {"name": "blosc", "configuration": {"cname": "lz4"}}, CODECS[2]]),
    "blosc that claims 4 GB": shuffled(lambda content: header(content, held=2**32 - 1)),
    "blosc that claims less": shuffled(lambda content: header(content, held=80)),
    "blosc of another length": shuffled(lambda content: header(content, stored=2**20)),
    "blosc that is cut off": shuffled(lambda content: content[:15]),
    "blosc of another compressor": shuffled(lambda content: header(content, flags=1 | 1 << 5)),
    "blosc in blocks of nothing": shuffled(lambda content: header(content, block=0)),
    "blosc in blocks of 4 GB": shuffled(lambda content: header(content, block=2**32 - 1)),
    "blosc of rubbish": shuffled(lambda content: content[:16] + b"\xff" * (len(content) - 16)),
    "blosc of numbers without bytes": shuffled(lambda content: header(content, typesize=0)),
    "blosc in any order": node(
        codecs=[{"name": "transpose", "configuration": {"order": [1]}}, CODECS[0], {"name": "blosc"}, CODECS[2]]
    ),
    "gzip": node(codecs=[CODECS[0], {"name": "gzip", "configuration": {"level": 5}}, CODECS[2]]),
    "no checksum": node(codecs=CODECS[:2]),
    "the other byte order": node(codecs=[{"name": "bytes", "configuration": {"endian": "big"}}, *CODECS[1:]]),
    "transposed": node(codecs=[{"name": "transpose", "configuration": {"order": [0]}}, *CODECS]),
    "shards in shards": node(
        codecs=[{"name": "sharding_indexed", "configuration": {"chunk_shape": [1], "codecs": CODECS}}]
    ),
    "a transformer": node(storage_transformers=[{"name": "evil"}]),
    "a fill value in words": node(fill_value="forty-two"),
    "a fill value beyond any integer": node("trajectory/neuron", fill_value=10**30),
    "keys of version 2": node(chunk_key_encoding={"name": "v2", "configuration": {"separator": "."}}),
    "an unknown key": node(must_understand=True),
    "attributes in a list": node(attributes=[1, 2]),
    "dimensions in numbers": node(dimension_names=[1]),
    "too many dimensions": node(dimension_names=["time", "neuron"]),
    "an array in no group": orphan,
    "metadata a hundred thousand deep": text("data/zarr.json", b"[" * 10**5),
    "metadata of a million lists": text("data/zarr.json", b"[" + b"[]," * 10**6 + b"[]]"),
    "metadata with a number of 5,000 digits": text("data/zarr.json", b'{"zarr_format": ' + b"3" * 5000 + b"}"),
    "metadata that is no text": text("data/zarr.json", bytes(range(256))),
    "17 MB of metadata": text("data/zarr.json", b" " * (17 * 2**20)),
    "a scale factor": attributes(scale_factor=1e-9),
    "an offset": attributes(add_offset=-1.0),
    "a fill value for readers": attributes(_FillValue=0.0),
    "a missing value": attributes(missing_value=[1.0, 2.0]),
    "another signedness": attributes("data/assumption_1", _Unsigned="true"),
    "a calendar": attributes(calendar="julian"),
    "another type for readers": attributes(dtype="timedelta64[ns]"),
    "days since a day": attributes(units="days since 1970-01-01"),
    "seconds": attributes(units="seconds"),
}


def completed_again(files: Files, manifest: bytes) -> bytes:
    """A manifest whose digests are right."""
    entries = {
        f"data.zarr/{path}": {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in sorted(files.items())
    }
    return replace(parse(manifest), files=entries).to_bytes()


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, part in files.items():
            archive.writestr(path, part)
    return content.getvalue()


def archives(honest: bytes, run_id: str) -> Iterator[tuple[str, bytes]]:
    """Make them one after the other: (what is wrong, content of the zip)."""
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        everything = {name: archive.read(name) for name in archive.namelist()}
    run, store = f"runs/{run_id}/", f"runs/{run_id}/data.zarr/"
    manifest = everything[f"{run}manifest.json"]
    inside = {name.removeprefix(store): part for name, part in everything.items() if name.startswith(store)}
    for name, change in CHANGES.items():
        files = dict(inside)
        change(files)
        members = {f"{store}{path}": part for path, part in files.items()}
        yield name, zipped({f"{run}manifest.json": completed_again(files, manifest), **members})
    others = {f"{store}{path}": part for path, part in inside.items()}
    for name, content in {
        "a manifest a hundred thousand deep": b"[" * 10**5,
        "a manifest of a million lists": b'{"files": [' + b"[]," * 10**6 + b"[]]}",
        "a manifest of 17 MB": b" " * (17 * 2**20),
        "a manifest with a bare NaN": manifest.replace(b'"NaN"', b"NaN"),
    }.items():
        yield name, zipped({f"{run}manifest.json": content, **others})
    yield (
        "a file that unpacks to 200 MB",
        zipped({f"{run}manifest.json": manifest, **others, f"{store}{LOSS}/c.0": bytes(200 * 10**6)}),
    )
