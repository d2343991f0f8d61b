"""Peers in virtual environments of their own, made under build/ when they are first needed."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.common import Result
from bench.kafka.world import World

SCRIPTS = Path(__file__).parent / "peer"
NEEDS = {
    "bytewax": ("bytewax==0.21.1", "confluent-kafka==2.16.1", "msgspec==0.22.0"),
    "quix": ("quixstreams==3.28.1",),
}
PATIENCE_S = 300.0


def environment(name: str) -> Path:
    """The Python that has the peer, from the package index that pip is set up for."""
    above = Path(__file__).resolve().parents[2]
    build = next((folder for folder in above.parents if folder.name == "build"), above / "build")
    folder = build / "peers" / name
    done = folder / "installed.txt"
    wanted = "\n".join(NEEDS[name])
    if not done.exists() or done.read_text() != wanted:
        print(f"  making an environment for {name}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *NEEDS[name]], check=True)
        done.write_text(wanted)
    return folder / "bin" / "python"


def bytewax(here: World, topic: str) -> Result:
    """Bytewax over a whole topic."""
    return _run("bytewax", "bytewax_windows.py", [here.broker.address, topic])


def quix(here: World, topic: str, events: int) -> Result:
    """Quix Streams over the first events of a topic that is keyed by place."""
    settings = here.settings(topic)
    with tempfile.TemporaryDirectory(dir=here.folder) as folder:
        return _run("quix", "quix_windows.py", [here.broker.address, topic, settings.group, str(events), folder])


def _run(name: str, script: str, words: Sequence[str]) -> Result:
    done = subprocess.run(
        [environment(name), SCRIPTS / script, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr[-1_000:]}")
    found: Result = json.loads(done.stdout.splitlines()[-1])
    return {**found, "per_second": found["events"] / found["seconds"]}
