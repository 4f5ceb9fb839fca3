"""What pyproject.toml cannot say: the claims stand once, in data/, and a wheel carries a copy."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithClaims(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            self.copy_file("data/claims.toml", str(Path(self.build_lib, "guidelib/claims.toml")))


setup(cmdclass={"build_py": BuildWithClaims})
