"""Programs that tests and benchmarks use and the project does without: installed where that can be done without asking anybody."""

import os
import shutil
import subprocess

# Debian keeps servers where only root looks.
PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


def program(name: str) -> str | None:
    """Where it is; as root on Debian its package of the same name is installed when it is missing. None: it cannot be had here."""
    found = shutil.which(name, path=PLACES)
    if found is None and os.geteuid() == 0 and (installer := shutil.which("apt-get")):
        # Several test processes may be at it at once: each waits for its turn.
        command = [installer, "-o", "DPkg::Lock::Timeout=120", "install", "--yes", "--quiet", name]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        found = shutil.which(name, path=PLACES)
    return found
