"""Errors that become a status and one line of why."""


class HttpError(Exception):
    """A request that is not answered as it was meant.

    Args:
      status: HTTP's.
      message: one line: what was found, and what was expected.
      retry_after: seconds after which the same request may be answered, or None for never.
      close: whether the connection is of no further use.
    """

    def __init__(self, status: int, message: str, retry_after: float = 0.0, close: bool = False):
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = {}
        if retry_after:
            self.headers["Retry-After"] = str(max(1, round(retry_after)))
        if close:
            self.headers["Connection"] = "close"
