"""Files of data/ away from the checkout: from a folder, from a server, and what is said when not."""

import functools
import hashlib
import http.server
import json
import threading

import pytest

from guidelib import files
from tools.manifest import main

CONTENT = b"weights" * 1000
NAME = "checkpoints/some.safetensors"


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """An installed package with a manifest of one file, and a folder that holds it."""
    package, served = tmp_path / "packages/guidelib", tmp_path / "served"
    package.mkdir(parents=True)
    entry = {"bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    (package / "manifest.json").write_text(json.dumps({"github": None, "files": {NAME: entry}}))
    (served / "data/checkpoints").mkdir(parents=True)
    (served / "data" / NAME).write_bytes(CONTENT)
    monkeypatch.setattr(files, "_PACKAGE", package)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GUIDELIB_MIRROR", str(served))
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between attempts
    return served


@pytest.fixture
def server(mirror):
    """The mirror at an address; ``log`` holds what was asked for, ``fail`` answers that go wrong."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        log: list[str] = []
        fail = 0

        def do_GET(self):
            Handler.log.append(self.path)
            if Handler.fail:
                Handler.fail -= 1
                return self.send_error(503)
            return super().do_GET()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(mirror))
    ) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        Handler.address = f"http://127.0.0.1:{running.server_port}"
        yield Handler
        running.shutdown()


def test_in_a_checkout_its_own_file_is_taken():
    assert files.path("claims.toml") == files.shipped("claims.toml")
    assert files.path("README.md").read_text().startswith("# data/")


def test_from_a_folder(mirror, tmp_path):
    found = files.path(NAME)
    assert found.read_bytes() == CONTENT
    assert not found.is_relative_to(mirror), "a copy in the cache, so that nothing is changed here"
    (mirror / "data" / NAME).unlink()
    assert files.path(NAME) == found, "it is copied once"


def test_from_a_server_with_a_hiccup(server, monkeypatch, capsys):
    monkeypatch.setenv("GUIDELIB_MIRROR", server.address + "/")
    server.fail = 2
    assert files.path(NAME).read_bytes() == CONTENT
    assert server.log == [f"/data/{NAME}"] * 3
    assert "100%" in capsys.readouterr().err, "a progress bar"
    files.path(NAME)
    assert len(server.log) == 3


def test_the_repository_is_asked_at_the_tag(mirror, monkeypatch):
    manifest = files._PACKAGE / "manifest.json"
    table = json.loads(manifest.read_text()) | {"github": "https://github.com/some/book"}
    manifest.write_text(json.dumps(table))
    monkeypatch.delenv("GUIDELIB_MIRROR")
    asked = []
    monkeypatch.setattr(files, "_download", lambda *arguments: asked.append(arguments))
    files.path(NAME)
    ((name, source, sha256),) = asked
    assert (name, source) == (NAME, f"https://github.com/some/book/raw/v{files.__version__}/data/")
    assert sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_another_file_is_not_taken(mirror):
    (mirror / "data" / NAME).write_bytes(b"something else")
    with pytest.raises(ValueError, match="is not the file of guidelib .* nothing was kept") as error:
        files.path(NAME)
    assert "\n" not in str(error.value)
    (mirror / "data" / NAME).write_bytes(CONTENT)
    assert files.path(NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("source", ["http://127.0.0.1:9", "/nowhere/at/all"])
def test_offline(mirror, monkeypatch, source):
    monkeypatch.setenv("GUIDELIB_MIRROR", source)
    with pytest.raises(OSError, match=f"{NAME} cannot be had from {source}/data/ .*connect to") as error:
        files.path(NAME)
    assert "\n" not in str(error.value)


def test_no_source_at_all(mirror, monkeypatch):
    monkeypatch.delenv("GUIDELIB_MIRROR")
    with pytest.raises(OSError, match=f"^{NAME} comes with a checkout .* set GUIDELIB_MIRROR to"):
        files.path(NAME)


def test_an_unknown_name(mirror):
    with pytest.raises(KeyError, match="no file 'checkpoints/sone.safetensors'.* nearest: checkpoints/some"):
        files.path("checkpoints/sone.safetensors")


def test_the_manifest_is_that_of_the_files():
    assert main(["--check"]) == 0, "run 'python -m tools.manifest' and commit data/manifest.json"


def test_a_stale_manifest_is_found_and_renewed(tmp_path, capsys):
    (tmp_path / "data/stats").mkdir(parents=True)
    (tmp_path / "data/stats/a.npz").write_bytes(CONTENT)
    (tmp_path / "data/README.md").write_text("not downloaded")
    (tmp_path / "myst.yml").write_text("project:\n  github: some/book\n")
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.startswith("data/manifest.json is stale; run")
    assert main([], tmp_path) == 0 and main(["--check"], tmp_path) == 0
    assert json.loads((tmp_path / "data/manifest.json").read_text()) == {
        "github": "https://github.com/some/book",
        "files": {"stats/a.npz": {"bytes": 7000, "sha256": hashlib.sha256(CONTENT).hexdigest()}},
    }
    (tmp_path / "data/stats/a.npz").write_bytes(b"other")
    assert main(["--check"], tmp_path) == 1
    (tmp_path / "myst.yml").write_text("project:\n  github: gitlab.com/some/book\n")
    assert main([], tmp_path) == 1
    assert "myst.yml: github is 'gitlab.com/some/book'; give OWNER/NAME or" in capsys.readouterr().err
