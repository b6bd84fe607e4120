"""Storage of bytes under keys: in a folder of this machine, in an object store, behind a web server.

In comes an address; out goes a :class:`~catalog.storage.contract.Storage`. It writes bytes whole or not at all,
lists them and reads them within limits, and does not know what they mean. The rest of the catalog uses keys, which
are POSIX paths below the catalog's root, and does not know which storage it has.
:mod:`~catalog.storage.opening` is the only module that knows all of them.
"""

from catalog.storage.address import local_path
from catalog.storage.contract import Digest, Irregularity, Storage, UnfinishedWrite, Writer
from catalog.storage.opening import open_storage

__all__ = ["Digest", "Irregularity", "Storage", "UnfinishedWrite", "Writer", "local_path", "open_storage"]
