"""Where a catalog can lie: a folder of this machine, an object store, a web server.

In comes an address; out goes a :class:`~catalog.places.place.Place`, which knows how bytes get there whole, how
they are listed and how they are read, and nothing of what they mean. The rest of the catalog speaks in keys, POSIX
paths below the catalog's root, and does not know which place it is in.
"""

from catalog.places.address import local_path
from catalog.places.place import Digest, Irregularity, Leftover, Place, Writer, place_at

__all__ = ["Digest", "Irregularity", "Leftover", "Place", "Writer", "local_path", "place_at"]
