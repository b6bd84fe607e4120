"""The memory of pages that were left goes back to the operating system.

A page is 50,000 small objects, 6 MB. Python keeps these in areas of 1 MB, and returns an area once it has no
object at all. A class of 20 left 120 such areas of which 90 % was free, each held by a few objects that stay: the
name of a thread, a handle of the event loop, a result that others will ask for. So a server that had 325 MB before
a class had 465 MB after it, for good, although no object of a page was left (the number of live blocks was the
same to 0.1 %, round after round).

The C library returns every free page of 4 kB when it is asked to (``malloc_trim``). From the moment at which all
modules are imported new objects are therefore placed by it, as Python places all that are larger than 512 bytes.
After a class of 20 the server then has 350 MB. Making a page takes 5 to 12 % longer.
``PYTHONMALLOC=malloc`` would do the same, but must be set before Python starts, and the imported modules, which
stay, take 10 MB more with it. Fewer objects that stay would not do: any thread, cache or shared result is one.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from os import environ
from typing import Any

from bokeh.application.handlers import Handler
from bokeh.document import Document
from bokeh.server.tornado import BokehTornado
from tornado.ioloop import IOLoop

RETURN_SECONDS = 12.0
"""Time after a page's end at which its memory is returned: Panel searches for garbage five seconds after it."""
RAW, *PYTHONS_OWN = range(3)
"""The numbers of Python's allocators: the C library's, and the two for small pieces of memory."""


class Allocator(ctypes.Structure):
    """The functions of one of Python's allocators (``PyMemAllocatorEx``)."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("context", "malloc", "calloc", "realloc", "free"))


@cache
def allocate_returnably() -> bool:
    """Let the C library place new objects, if it can return memory; once for a process.

    What is there stays where it is: Python's functions to free and to resize, which remain, find out by an address
    whose it is. Nothing is changed where another allocator is at work, as with ``PYTHONDEVMODE`` or tracemalloc,
    on other systems, on an interpreter without the global lock, and where ``PYTHONMALLOC`` names one.

    Returns
    -------
    bool
        Whether it does.
    """
    if not can_return() or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    if environ.get("PYTHONMALLOC", "default") not in ("", "default", "pymalloc"):
        return False
    raw, owns = allocator(RAW), [allocator(number) for number in PYTHONS_OWN]
    if raw.context or any(own.context for own in owns):  # a wrapper's
        return False
    for number, own in zip(PYTHONS_OWN, owns, strict=True):
        own.malloc, own.calloc = raw.malloc, raw.calloc
        ctypes.pythonapi.PyMem_SetAllocator(ctypes.c_int(number), ctypes.byref(own))
    return True


def allocator(number: int) -> Allocator:
    """Return one of Python's allocators."""
    found = Allocator()
    ctypes.pythonapi.PyMem_GetAllocator(ctypes.c_int(number), ctypes.byref(found))
    return found


def can_return() -> bool:
    """Whether this is CPython with glibc."""
    return sys.implementation.name == "cpython" and sys.platform == "linux" and hasattr(c_library(), "malloc_trim")


@cache
def c_library() -> Any:
    """Return the C library of this process."""
    return ctypes.CDLL(None)


def return_memory() -> None:
    """Return what is free; some hundredths of a second without Python's global lock."""
    if can_return():
        c_library().malloc_trim(ctypes.c_size_t(0))


class PagesLeft(Handler):
    """Returns the memory of a server's pages some seconds after they were left."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = self.returned = 0

    def serve(self, application: BokehTornado) -> None:
        """Hear of each page's end."""
        for context in application._applications.values():
            context.application.add(self)

    def modify_document(self, doc: Document) -> None:
        """Leave the page as it is."""

    async def on_session_destroyed(self, session_context: Any) -> None:
        """Return memory in a moment."""
        self.ended += 1
        if self.ended == self.returned + 1:
            self.wait()

    def wait(self) -> None:
        """Return memory in a moment, and once more if other pages end meanwhile: their garbage is found later."""
        IOLoop.current().call_later(RETURN_SECONDS, self.end_wait, self.ended)

    def end_wait(self, ended: int) -> None:
        """Return the memory of those pages that had ended when the wait began."""
        self.returned = ended
        return_memory()
        if self.ended > ended:
            self.wait()
