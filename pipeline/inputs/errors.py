"""What can be wrong with a request."""


class RequestError(ValueError):
    """A request that can't be carried out: one line that names the key, the value and what is allowed."""
