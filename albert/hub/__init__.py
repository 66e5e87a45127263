"""Published weights by name: the registry of releases, and fetching one into the cache.

``resolve`` gives the local directory of a release; the rest of the package takes directories. Nothing is fetched that a path, the
cache or the user's HuggingFace cache has. Importing this package imports neither TensorFlow nor a network library.
"""

from albert.hub.errors import FetchError, Unreachable
from albert.hub.registry import Release, is_name, lookup, releases
from albert.hub.resolving import is_offline, resolve
from albert.hub.store import cache_dir, present

__all__ = ["FetchError", "Release", "Unreachable", "cache_dir", "is_name", "is_offline", "lookup", "present", "releases", "resolve"]
