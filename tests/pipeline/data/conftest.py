"""Files of points, and what is said of those that can not be read."""

import numpy as np
import pytest

from pipeline.configuration import DataConfig
from pipeline.data.sources import given_points
from pipeline.inputs.errors import RequestError


@pytest.fixture
def read(tmp_path):
    """Read what was written into a file of this name."""

    def read(name, content):
        path = tmp_path / name
        if isinstance(content, dict):
            np.savez(path, **content)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return given_points(DataConfig(file=str(path)))

    return read


@pytest.fixture
def refusal(read):
    """The one line that says what is wrong with a file, after its name."""

    def refusal(name, content):
        with pytest.raises(RequestError) as caught:
            read(name, content)
        (line,) = str(caught.value).splitlines()
        assert line.startswith(f"data.file = {name!r}: ")
        return line.removeprefix(f"data.file = {name!r}: ")

    return refusal
