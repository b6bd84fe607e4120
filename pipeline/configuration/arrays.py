"""Arrays by their names in a file of somebody's own: npz, npy, and what ``torch.save`` writes."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.configuration.bounds import LARGEST_ARRAYS
from pipeline.configuration.wording import one_line

if TYPE_CHECKING:  # naming a run, and finding it in the catalog, takes no NumPy
    import numpy as np


@dataclass(frozen=True)
class Arrays:
    """The arrays of a file.

    Attributes
    ----------
    names
        In the file's order.
    read
        The array of one of these names, as it is; only what is asked for is read.
    """

    names: tuple[str, ...]
    read: Callable[[str], Any]

    def numbers(self, name: str) -> np.ndarray:
        """Read one array as floats, by its name in any case.

        Raises
        ------
        ValueError
            If there is none of that name, or two, or it is not of real numbers.
        """
        import numpy as np

        found = [one for one in self.names if one.lower() == name.lower()]
        if len(found) > 1:
            raise ValueError(f"the arrays {' and '.join(found)} are both there: one is allowed")
        if not found:
            there = (
                f", there {'is' if len(self.names) == 1 else 'are'} {', '.join(self.names)}" if self.names else ""
            )
            raise ValueError(f"the array {name} is missing{there[:200]}")
        try:
            array = self.read(found[0])
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise ValueError(f"it is damaged: {error}") from None
        except MemoryError:
            raise ValueError(f"the array {name} announces more numbers than there is memory for") from None
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
            raise ValueError(f"the array {name} is not of real numbers")
        _refuse_many(name, array.size)
        return array.astype(float)


def _refuse_many(name: str, numbers: int) -> None:
    most = LARGEST_ARRAYS // 8
    if numbers > most:
        raise ValueError(f"the array {name} has {numbers:,} numbers: at most {most:,} are allowed")


def _refuse_bomb(content: bytes) -> None:
    """Raise if a zip unpacks to more than anybody meant."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST_ARRAYS:
        raise ValueError(f"it unpacks to {size:,} bytes: at most {LARGEST_ARRAYS:,} are allowed")


def npz_arrays(content: bytes) -> Arrays:
    """Open an npz file; nothing in it is unpickled.

    Raises
    ------
    ValueError
        If it is none.
    """
    import numpy as np

    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ValueError("it is not an npz file")
    try:
        _refuse_bomb(content)
        found = np.load(io.BytesIO(content), allow_pickle=False)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ValueError(f"it is damaged: {error}") from None
    return Arrays(tuple(found.files), found.__getitem__)


def npy_array(content: bytes) -> np.ndarray:
    """Read the one array of an npy file as floats.

    Raises
    ------
    ValueError
        If it is none, or not of real numbers.
    """
    import numpy as np

    if not content.startswith(b"\x93NUMPY"):
        raise ValueError("it is not an npy file")
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except EOFError as error:
        raise ValueError(f"it is damaged: {error}") from None
    except MemoryError:
        raise ValueError("it announces more numbers than there is memory for") from None
    return Arrays(("array",), lambda _: array).numbers("array")


def torch_arrays(content: bytes) -> Arrays:
    """Open a dictionary of tensors that ``torch.save`` wrote, a state dict for instance; no code of it is run.

    Raises
    ------
    ValueError
        If torch is not installed, or it is no such file.
    """
    try:
        import torch
    except ImportError:
        raise ValueError(
            "reading it needs torch: pip install torch, or save the arrays with numpy.savez"
        ) from None
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            _refuse_bomb(content)
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # pickle's, zipfile's and torch's own types, down to a bare RuntimeError
        reason = one_line(str(error)).split(". ")[0].split(" (")[0]
        raise ValueError(f"torch can't read it ({reason}): {SAVED}") from None
    found = _state_dict_of(found)
    if found is None:
        raise ValueError(f"it holds no dictionary of tensors: {SAVED}")
    return Arrays(tuple(map(str, found)), lambda name: _numbers_of(name, found[name]))


SAVED = "allowed is what torch.save writes of model.state_dict(), or of a dictionary of tensors"


def _state_dict_of(found: Any) -> Any:
    """A dictionary of tensors, or the one that a checkpoint has beside other entries; None if there is none."""
    if not isinstance(found, dict) or not found:
        return None
    if all(hasattr(tensor, "detach") for tensor in found.values()):
        return found
    inner = [value for key, value in found.items() if isinstance(value, dict) and "optim" not in str(key)]
    known = [one for one in map(_state_dict_of, inner) if one is not None]
    return known[0] if len(known) == 1 else None


def _numbers_of(name: str, tensor: Any) -> Any:
    """A tensor of real numbers as floats (NumPy knows no bfloat16); any other as it is."""
    tensor = tensor.detach()
    _refuse_many(name, tensor.numel())  # one number may stand for many, with strides of 0
    return tensor.double().numpy() if tensor.is_floating_point() else tensor.numpy()


def one_row(array: np.ndarray, length: int) -> np.ndarray:
    """Take (n, 1) or (1, n) for (n,): one number for each of ``length`` things."""
    return array.ravel() if array.ndim == 2 and 1 in array.shape and array.size == length else array


def described(shapes: Sequence[tuple[str, np.ndarray]]) -> str:
    """``x has the shape (2, 2) and y (3,)``."""
    (first, array), *rest = shapes
    return " and ".join([f"{first} has the shape {array.shape}", *(f"{name} {one.shape}" for name, one in rest)])
