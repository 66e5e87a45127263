"""A server on this machine's loopback address that serves archives and HuggingFace repositories, well or badly, as a test asks."""

import contextlib
import hashlib
import http.server
import json
import threading
import urllib.parse


class Loopback:
    """Files by their path, and what goes wrong with them.

    Attributes:
      files: dict from path to bytes.
      repositories: dict from HuggingFace id to ``{"commit": 40 digits, "files": {name: bytes}}``.
      faults: dict from path to a list of what happens at its next requests, taken from the front: an HTTP status, ``"html"``, a number
        of bytes after which the connection is cut as ``("cut", n)``, ``("length", n)`` for a wrong Content-Length, ``"unknown"`` for
        none, ``("endless", 0)`` for a body a thousand times as long.
      requests: list of (method, path, headers) as they came.
      ranges: whether requests for a range are honoured.
    """

    def __init__(self):
        self.files, self.repositories, self.faults, self.requests = {}, {}, {}, []
        self.ranges = True
        self.hold = None  # a threading.Event that transfers wait for in their middle
        self.address = None

    def repository(self, name, files, commit="c" * 40):
        """Serve a repository."""
        self.repositories[name] = {"commit": commit, "files": files}

    def gets(self, path):
        """Headers of the GET requests for a path."""
        return [headers for method, requested, headers in self.requests if method == "GET" and requested == path]


@contextlib.contextmanager
def serve():
    """A ``Loopback`` that answers while the block runs."""
    loopback = Loopback()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body):
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            loopback.requests.append((self.command, path, {k.lower(): v for k, v in self.headers.items()}))
            fault = None
            if body and loopback.faults.get(path):
                fault = loopback.faults[path].pop(0)
            if isinstance(fault, int):
                return self.reply(fault, b"no", {}, body)
            if fault == "html":
                return self.reply(200, b"<!DOCTYPE html><title>Log in</title>", {"Content-Type": "text/html; charset=utf-8"}, body)
            if path.startswith("/api/models/"):
                return self.describe(path, body)
            if "/resolve/" in path:
                return self.resolve(path, body, fault)
            if path not in loopback.files:
                return self.reply(404, b"no", {}, body)
            data = loopback.files[path]
            return self.send(data, {"ETag": f'"{hashlib.md5(data).hexdigest()}"'}, body, fault)

        def describe(self, path, body):
            name, _, revision = path[len("/api/models/") :].partition("/revision/")
            repository = loopback.repositories.get(name)
            if repository is None:
                return self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
            if repository.get("gated"):
                return self.reply(403, b"{}", {"X-Error-Code": "GatedRepo"}, body)
            if revision not in ("", "main", repository["commit"]):
                return self.reply(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, body)
            siblings = []
            for file, data in repository["files"].items():
                entry = {"rfilename": file, "size": len(data), "blobId": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
                if is_lfs(file):
                    digest = repository.get("sha256", {}).get(file) or hashlib.sha256(data).hexdigest()
                    entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 134}
                siblings.append(entry)
            answer = {"id": name, "sha": repository["commit"], "siblings": siblings}
            return self.reply(200, json.dumps(answer).encode(), {"Content-Type": "application/json"}, body)

        def resolve(self, path, body, fault):
            name, _, rest = path[1:].partition("/resolve/")
            _, _, file = rest.partition("/")
            repository = loopback.repositories.get(name)
            if repository is None or file not in repository["files"]:
                return self.reply(404, b"", {"X-Error-Code": "EntryNotFound" if repository else "RepoNotFound"}, body)
            data = repository["files"][file]
            etag = hashlib.sha256(data).hexdigest() if is_lfs(file) else hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            return self.send(data, {"ETag": f'"{etag}"', "X-Repo-Commit": repository["commit"]}, body, fault)

        def send(self, data, headers, body, fault):
            start, status = 0, 200
            wanted = self.headers.get("Range")
            if wanted and loopback.ranges and self.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
                start = int(wanted[len("bytes=") :].split("-")[0])
                if start >= len(data):
                    return self.reply(416, b"", {}, body)
                status = 206
                headers = {**headers, "Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            kind, count = fault if isinstance(fault, tuple) else (fault, 0)
            return self.reply(status, data[start:], {"Accept-Ranges": "bytes", **headers}, body, kind, count)

        def reply(self, status, data, headers, body, kind=None, count=0):
            self.send_response(status)
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(data)), **headers}
            if kind == "length":
                headers["Content-Length"] = str(count)
            if kind in ("endless", "unknown"):
                del headers["Content-Length"]
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            if not body:
                return
            with contextlib.suppress(OSError):  # the client has gone
                if loopback.hold is not None:
                    self.wfile.write(data[: len(data) // 2])
                    self.wfile.flush()
                    loopback.hold.wait(30)
                    data = data[len(data) // 2 :]
                self.wfile.write(data[:count] if kind == "cut" else data * (1000 if kind == "endless" else 1))
            if kind:
                self.close_connection = True

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass  # a client that went away in the middle is what some tests are about

    with Server(("127.0.0.1", 0), Handler) as server:
        loopback.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield loopback
        finally:
            if loopback.hold is not None:
                loopback.hold.set()
            server.shutdown()
            thread.join()


def is_lfs(name):
    """True if a hub would keep a file apart from its git repository."""
    return name.endswith((".safetensors", ".bin", ".h5", ".model"))
