"""Public files: mirror, cache and net, their hashes, and one clear line where there is none of them."""

import hashlib
import http.server
import threading

import pytest

from guidelib.datasets import MissingData, download

CONTENT = b"the published file"
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no mirror, no waiting between attempts, no proxy."""
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    monkeypatch.delenv(download.MIRROR, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def server():
    """A server of CONTENT at every address; ``failures`` requests fail first."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests += 1
            fails = self.server.requests <= self.server.failures
            self.send_response(503 if fails else 200)
            self.send_header("Content-Length", str(0 if fails else len(CONTENT)))
            self.end_headers()
            if not fails:
                self.wfile.write(CONTENT)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests = server.failures = 0
        server.url = f"http://127.0.0.1:{server.server_port}/set/file.bin"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_file_is_downloaded_once_with_a_progress_bar(cache, server, capsys):
    for _ in range(2):
        path = download.public_file(server.url, MD5, "set")
    assert path == cache / "set" / "file.bin" and path.read_bytes() == CONTENT
    assert server.requests == 1 and "100%" in capsys.readouterr().err


def test_a_download_that_fails_is_tried_again(cache, server):
    server.failures = 2
    assert download.public_file(server.url, MD5, "set").read_bytes() == CONTENT
    assert server.requests == 3


def test_without_a_network_one_line_says_what_to_do(cache, server):
    server.failures = 99
    with pytest.raises(MissingData) as error:
        download.public_file(server.url, MD5, "set")
    message = str(error.value)
    assert message.startswith("file.bin could not be downloaded (HTTPError): connect to a network, or put")
    assert "into a folder set and set GUIDELIB_DATA" in message and "\n" not in message
    assert list((cache / "set").iterdir()) == [], "no half of a file is left"


def test_the_mirror_comes_first_and_is_only_read(cache, server, tmp_path, monkeypatch):
    mirrored = tmp_path / "mirror" / "set" / "file.bin"
    mirrored.parent.mkdir(parents=True)
    mirrored.write_bytes(CONTENT)
    monkeypatch.setenv(download.MIRROR, str(tmp_path / "mirror"))
    assert download.public_file(server.url, MD5, "set") == mirrored
    assert server.requests == 0 and not cache.exists()
    assert download.public_file(server.url.replace("file", "other"), MD5, "set").parent == cache / "set"


@pytest.mark.parametrize("place", ["mirror", "cache"])
def test_a_file_with_another_hash_is_an_error_and_stays(cache, server, tmp_path, monkeypatch, place):
    monkeypatch.setenv(download.MIRROR, str(tmp_path / "mirror"))
    wrong = tmp_path / place / "set" / "file.bin"
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"mine")
    with pytest.raises(ValueError, match="is not the published file: its MD5 is .* It was left as it is"):
        download.public_file(server.url, MD5, "set")
    assert wrong.read_bytes() == b"mine" and server.requests == 0


def test_what_arrives_with_another_hash_is_not_kept(cache, server):
    with pytest.raises(ValueError, match="does not give the published file.bin"):
        download.public_file(server.url, MD5[::-1], "set")
    assert list((cache / "set").iterdir()) == []
