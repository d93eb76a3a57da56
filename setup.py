"""What pyproject.toml cannot say: the data folders beside the packages travel inside the wheel, as api_server/data."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

DATA = ("schemas", "migrations", "examples")
PACKAGES = [*find_packages(include=["api_server*"]), *find_packages("clients", include=["netweave*", "kube_sync*"])]


class BuildWithData(build_py):
    """Builds the packages, then lays the data folders beside them; an editable install reads them where they are."""

    def run(self) -> None:
        """Copy afresh, so that a file which was deleted in the tree is not packed from an earlier build."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "api_server" / "data"
        shutil.rmtree(target, ignore_errors=True)
        for folder in DATA:
            shutil.copytree(folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))


setup(packages=PACKAGES, cmdclass={"build_py": BuildWithData})
