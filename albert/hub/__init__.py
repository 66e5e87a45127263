"""Published weights by name: the registry of releases, and fetching one into the cache.

``resolve`` gives the local directory of a release; the rest of the package takes directories. Nothing is fetched that a path, the
cache or the user's HuggingFace cache has. Importing this package imports neither TensorFlow nor a network library.
"""

from albert import lazy

_EXPORTS = {
    "FetchError": "albert.hub.errors",
    "Release": "albert.hub.registry",
    "Unreachable": "albert.hub.errors",
    "cache_dir": "albert.hub.store",
    "is_name": "albert.hub.registry",
    "is_offline": "albert.hub.resolving",
    "lookup": "albert.hub.registry",
    "present": "albert.hub.store",
    "releases": "albert.hub.registry",
    "resolve": "albert.hub.resolving",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy.exports(__name__, _EXPORTS)
