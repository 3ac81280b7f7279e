"""Kernels of the steps, forked from the process that has imported what they need."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir
from uuid import uuid4

from jupyter_client import KernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning import LocalProvisioner

from sopkit.processes import WORKERS, end_with_parent


class _Kernel(WORKERS.Process):
    """A kernel's process as jupyter_client handles one."""

    stdin = stdout = stderr = None

    def __init__(self, command, cwd, env):
        super().__init__(target=_serve, args=(command[command.index("-f") :], cwd, env))

    def poll(self):
        return self.exitcode

    def wait(self, timeout=None):
        self.join(timeout)
        return self.exitcode

    def send_signal(self, number):
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


def _serve(arguments, cwd, env):
    """Runs as a kernel."""
    from ipykernel.kernelapp import IPKernelApp

    end_with_parent()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    IPKernelApp.launch_instance(arguments)


class _Provisioner(LocalProvisioner):
    """Kernels by fork."""

    async def launch_kernel(self, cmd, *, cwd, env, **_):
        self.process, self.cwd = _Kernel(cmd, cwd, env), cwd
        self.process.start()
        return self.connection_info


def start_kernel(folder: Path):
    """A kernel for a step of the pack in ``folder``, forked from a process that has imported what
    the steps import, whatever kernel specs lie about; it is spoken to through files, not ports:
    nobody else can listen, and parallel
    packs cannot clash.
    """
    # No folder of kernel specs is asked: this Python's own is the one left.
    ours = KernelSpecManager(kernel_dirs=[])
    kernel = KernelManager(kernel_spec_manager=ours, client_factory=AsyncKernelClient)
    kernel.provisioner = _Provisioner(parent=kernel, kernel_spec=kernel.kernel_spec)
    if os.name != "nt":
        kernel.transport, kernel.ip = "ipc", f"{gettempdir()}/sopkit-{uuid4()}"
    folder = folder / "notebooks"
    folder.mkdir(exist_ok=True, parents=True)
    kernel.start_kernel(cwd=str(folder), extra_arguments=["--Application.log_level=50"])
    return kernel


def stop_kernel(kernel) -> None:
    """Ends a kernel and removes the files it was spoken to through."""
    kernel.shutdown_kernel(now=True)
    for path in Path(gettempdir()).glob(f"{Path(kernel.ip).name}-*"):
        path.unlink(missing_ok=True)
