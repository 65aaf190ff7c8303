"""The agent as a service of the system: a systemd unit, or a task of Windows' Task Scheduler.

A plain program cannot be a Windows service without a wrapper, while the scheduler starts it at boot, without anybody logged on,
and again when it ends; so that is what is written for Windows.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from ingest.agent.config import Settings
from ingest.agent.errors import AgentError

NAME = "lodestone-agent"


class ServiceError(AgentError):
    """The service could not be written or started."""


@dataclass(frozen=True)
class Service:
    """What is written where, and the commands that switch it on."""

    path: Path
    text: str
    encoding: str
    commands: tuple[tuple[str, ...], ...]

    def install(self) -> None:
        """Write the file and run the commands. Raises ServiceError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.text, self.encoding)
        except OSError as error:
            raise ServiceError(
                f"{self.path} cannot be written ({error.strerror}); run this as an administrator, or with --user"
            ) from error
        for command in self.commands:
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            except OSError as error:
                raise ServiceError(
                    f"{self.path} is written, but {command[0]} cannot be run: {error.strerror}"
                ) from error
            if done.returncode:
                raise ServiceError(f"{self.path} is written, but `{' '.join(command)}` failed: {done.stderr.strip()}")


def systemd_service(settings: Settings, config: Path, *, user: bool) -> Service:
    """A unit of the system, or of the person who calls (lives on after log-out where lingering is enabled)."""
    spool = settings.spool.path.absolute().parent
    writable = sorted({str(spool), str((settings.server.token_file or spool / "x").absolute().parent)})
    lines = [
        "[Unit]",
        "Description=Lodestone agent: ships what an instrument produces",
        "After=network-online.target",
        "Wants=network-online.target",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        f"ExecStart={_quoted(sys.executable)} -m ingest.agent run --config {_quoted(str(config.absolute()))}",
        f"WorkingDirectory={_percent(str(config.absolute().parent))}",
        "Restart=always",
        "RestartSec=5",
        "TimeoutStopSec=30",
        "Nice=10",
        "IOSchedulingClass=best-effort",
        "IOSchedulingPriority=7",
        "UMask=0077",
        "NoNewPrivileges=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
    ]
    if not user:
        lines += [
            "ProtectSystem=strict",  # nothing can be written ...
            f"ReadWritePaths={' '.join(_quoted(one) for one in writable)}",  # ... but spool and token
            "ProtectKernelTunables=yes",
            "ProtectKernelModules=yes",
            "ProtectControlGroups=yes",
            "PrivateTmp=yes",
            "CapabilityBoundingSet=",
            "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
            "RestrictNamespaces=yes",
        ]
    lines += ["", "[Install]", f"WantedBy={'default.target' if user else 'multi-user.target'}", ""]
    folder = Path.home() / ".config/systemd/user" if user else Path("/etc/systemd/system")
    control = ("systemctl", "--user") if user else ("systemctl",)
    commands = ((*control, "daemon-reload"), (*control, "enable", "--now", f"{NAME}.service"))
    return Service(folder / f"{NAME}.service", "\n".join(lines), "utf-8", commands)


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """As one word of a unit file."""
    plain = _percent(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{plain}"' if any(c in plain for c in " \t'\"\\;") else plain


def windows_service(settings: Settings, config: Path, *, user: bool, python: str = sys.executable) -> Service:
    """A task at boot under LocalService, or (`user`) at log-on of the person who calls."""
    del settings
    config = config.absolute()
    principal = (
        "<LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel>"
        if user
        else "<UserId>S-1-5-19</UserId><RunLevel>LeastPrivilege</RunLevel>"  # LocalService
    )
    trigger = "LogonTrigger" if user else "BootTrigger"
    text = f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Lodestone agent: ships what an instrument produces</Description></RegistrationInfo>
  <Triggers><{trigger}><Enabled>true</Enabled></{trigger}></Triggers>
  <Principals><Principal id="Author">{principal}</Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>7</Priority>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(python)}</Command>
      <Arguments>-m ingest.agent run --config "{escape(str(config))}"</Arguments>
      <WorkingDirectory>{escape(str(config.parent))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
    path = config.with_name(f"{NAME}.xml")
    commands = (
        ("schtasks", "/Create", "/F", "/TN", NAME, "/XML", str(path)),
        ("schtasks", "/Run", "/TN", NAME),
    )
    return Service(path, text, "utf-16", commands)


def service_of(settings: Settings, config: Path, *, user: bool) -> Service:
    """The service for the system we run on."""
    return (
        windows_service(settings, config, user=user)
        if os.name == "nt"
        else systemd_service(settings, config, user=user)
    )
