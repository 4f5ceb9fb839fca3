"""What pyproject.toml cannot say: claims and manifest stand once, in data/, and a wheel carries copies."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithData(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for name in ("claims.toml", "manifest.json"):
                self.copy_file(f"data/{name}", str(Path(self.build_lib, "guidelib", name)))


setup(cmdclass={"build_py": BuildWithData})
