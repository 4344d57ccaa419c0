"""Python, the libraries, and torch as an objective would find it."""

import importlib.metadata
import json
import platform
import subprocess
import sys

from trial_runner.host import cores
from trialmq.doctor.findings import Finding, doubtful, good, not_here, wrong

PARTS = {
    "orchestrator": ("optuna", "aiosqlite"),
    "runner": ("torch", "numpy", "nvidia-ml-py"),
    "amqp": ("aio-pika",),
}
"""What each part of TrialMQ needs beside the rest; `pip install 'trialmq[part]'` brings it."""

TORCH_SECONDS = 8.0
_ASK_TORCH = """
import json, torch
gpus = torch.cuda.is_available()
ones = torch.ones(8, 8, device="cuda" if gpus else "cpu")
print(json.dumps({
    "version": torch.__version__,
    "cuda": torch.version.cuda,
    "usable": gpus and float((ones @ ones).sum()) == 512,
    "devices": torch.cuda.device_count() if gpus else 0,
    "threads": torch.get_num_threads(),
}))
"""


def look_at_python() -> list[Finding]:
    """The interpreter and TrialMQ itself."""
    version = importlib.metadata.version("trialmq")
    return [
        good(
            "python",
            f"TrialMQ {version} on Python {platform.python_version()}, {platform.system()} "
            f"{platform.release()} ({sys.executable})",
        )
    ]


def look_at_packages() -> list[Finding]:
    """Which parts of TrialMQ can run here."""
    return [_part(part, names) for part, names in PARTS.items()]


def _part(part: str, names: tuple[str, ...]) -> Finding:
    versions = {name: _version(name) for name in names}
    missing = [name for name, version in versions.items() if version is None]
    subject = f"packages: {part}"
    if not missing:
        return good(subject, ", ".join(f"{name} {version}" for name, version in versions.items()))
    return not_here(
        subject, f"{', '.join(missing)} not installed; if needed: pip install 'trialmq[{part}]'"
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def look_at_devices() -> list[Finding]:
    """The GPUs of the driver, and whether torch can compute on them."""
    from trial_runner.nvml import opened

    with opened() as nvml:
        gpus = nvml.gpus() if nvml is not None else []
        names = [f"{gpu.name} ({gpu.uuid})" for gpu in gpus]
    found = [
        good("gpu", f"{len(names)} by the driver: {', '.join(names)}")
        if names
        else not_here("gpu", "the driver knows of none; trials run on the CPU")
    ]
    return [*found, _torch(len(names))]


def _torch(gpus: int) -> Finding:
    if _version("torch") is None:
        return not_here("torch", "not installed; a runner needs it: pip install 'trialmq[runner]'")
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK_TORCH],
            capture_output=True,
            text=True,
            timeout=TORCH_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return doubtful(
            "torch",
            f"it was not imported within {TORCH_SECONDS:g} s",
            "look whether the disk is slow, or a GPU hangs (nvidia-smi)",
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return wrong("torch", f"it cannot be used: {last}", "reinstall torch for this machine")
    return _judged(json.loads(done.stdout.splitlines()[-1]), gpus, done.stderr)


def _judged(torch: dict[str, object], gpus: int, said: str) -> Finding:
    version, cuda = torch["version"], torch["cuda"]
    threads = f"{torch['threads']} threads on {cores()} cores"
    if gpus and cuda is None:
        return wrong(
            "torch",
            f"torch {version} was built without CUDA, and there are GPUs",
            "install a CUDA build of torch: https://pytorch.org/get-started/locally",
        )
    if gpus and not torch["usable"]:
        why = (said.strip().splitlines() or ["torch sees no GPU"])[-1]
        return wrong(
            "torch",
            f"torch {version} (CUDA {cuda}) cannot compute on a GPU: {why}",
            f"update the driver, or install a torch that is built for an older CUDA than {cuda}",
        )
    built = f"CUDA {cuda}, {torch['devices']} usable" if cuda else "without CUDA"
    return good("torch", f"torch {version} ({built}), {threads}")
