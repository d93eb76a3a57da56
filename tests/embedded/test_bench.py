"""`make bench` from end to end."""

import json
import subprocess
import sys
from pathlib import Path

from tests.served import ROOT


def test_a_short_run_of_one_group_measures_prints_and_writes_all_figures(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    arguments = ["--quick", "--seconds", "0.1", "--only", "create", "--output", str(output)]

    command = [sys.executable, "-m", "tests.bench", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)

    assert ended.returncode == 0, ended.stderr
    assert "create an instance-ip" in ended.stdout
    told = json.loads(output.read_text())
    assert told["commit"]
    measures = {each["name"]: each for each in told["groups"]["create"][0]["measures"]}
    assert measures["create an instance-ip"]["rounds"]["figures"][0]["value"] > 0
    assert measures["create an instance-ip"]["yardstick"]["name"].startswith("bare route")
