"""`hubbub run | doctor | config | ready | backup | restore | verify | rekey | migrate`: what an operator types."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hubbub import VERSION, config

SERVICES = {  # and the port of each that is alone in its process: AR-02
    "gateway": 8080,
    "auth": 8081,
    "user": 8082,
    "channel": 8083,
    "chat": 8084,
    "voice": 8085,
    "presence": 8087,
    "media": 8089,
}

WAYS = ("sqlite-to-postgres", "sqlite→postgres", "sqlite->postgres")  # one way, as it may be typed


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = config.load(file=chosen.config, over=_over(chosen))
    except config.ConfigRefused as refused:
        print(f"hubbub: {refused}", file=sys.stderr)
        return 2
    if chosen.command == "config":
        print(config.describe(settings))
        return 0
    if chosen.command == "doctor":
        from hubbub import doctor

        return doctor.report(settings)
    if chosen.command == "ready":
        from hubbub import ready

        return ready.report(settings)
    if chosen.command in ("backup", "restore", "verify", "rekey"):
        return _kept(settings, chosen)
    if chosen.command == "migrate":
        from hubbub.migrate import commands

        return commands.migrate(settings, chosen.verify)
    return _run(settings, chosen.services)


def _over(chosen: argparse.Namespace) -> dict[str, str]:
    """What the command line says about settings."""
    services: list[str] = getattr(chosen, "services", [])
    if unknown := [each for each in services if each not in SERVICES]:
        raise config.ConfigRefused(f"{unknown[0]} is no service: {', '.join(SERVICES)}.")
    if port := getattr(chosen, "port", None):
        return {"HUBBUB_PORT": port}
    if len(services) == 1 and "HUBBUB_PORT" not in os.environ:
        return {"HUBBUB_PORT": str(SERVICES[services[0]])}
    return {}


def _kept(settings: config.Config, chosen: argparse.Namespace) -> int:
    from hubbub.backup import commands

    if chosen.command == "backup":
        return commands.backup(settings, chosen.file, chosen.passphrase_file, chosen.config)
    if chosen.command == "restore":
        return commands.restore(settings, chosen.file, chosen.passphrase_file, chosen.force)
    if chosen.command == "rekey":
        return commands.rekey(settings, chosen.old_key_file)
    return commands.verify(settings, chosen.file, chosen.passphrase_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("hubbub", description="A self-hosted place to talk.")
    parser.add_argument("--version", action="version", version=f"hubbub {VERSION}")
    parser.add_argument("--config", type=Path, help="a hubbub.toml (default: ./hubbub.toml if there is one)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="start the server, or some services of one that has several processes")
    run.add_argument("services", metavar="SERVICE", nargs="*", help=f"{', '.join(SERVICES)}; none: all in one process")
    run.add_argument("--port", help="TCP port; one service alone has its own by default")
    commands.add_parser("doctor", help="check this machine and the settings, say what to mend")
    commands.add_parser("config", help="list every setting, its meaning and its value")
    commands.add_parser("ready", help="exit 0 when this instance answers and is well; for health checks")
    backup = commands.add_parser("backup", help="write database, keys and files into one file, also while it runs")
    backup.add_argument("file", type=Path)
    restore = commands.add_parser("restore", help="fill an empty data folder from a backup")
    restore.add_argument("file", type=Path)
    restore.add_argument("--force", action="store_true", help="move what is in the data folder aside first")
    verify = commands.add_parser("verify", help="check a backup, or the data folder, and say what is in it")
    verify.add_argument("file", type=Path, nargs="?")
    for each in (backup, restore, verify):
        each.add_argument("--passphrase-file", type=Path, help="seals the backup, or opens a sealed one")
    rekey = commands.add_parser("rekey", help="bring a stopped instance's database to HUBBUB_DATABASE_KEY")
    rekey.add_argument("--old-key-file", type=Path, help="the key it has now; without it the file is plain now")
    migrate = commands.add_parser(
        "migrate", help="copy a stopped instance from its file to an empty PostgreSQL database"
    )
    migrate.add_argument("way", choices=WAYS, help="from HUBBUB_DATA_DIR to DATABASE_URL")
    migrate.add_argument("--verify", action="store_true", help="copy nothing, only compare the two")
    return parser


def _run(settings: config.Config, services: Sequence[str]) -> int:
    from hubbub import assembly
    from hubbub.infra.telemetry import logs

    logs.configure(services[0] if len(services) == 1 else "hubbub", settings.log_level, settings.log_format)
    for name in config.unknown():
        print(f"hubbub: {name} is not a setting and does nothing; `hubbub config` lists them all.", file=sys.stderr)
    try:
        import uvloop

        uvloop.run(assembly.run(settings, services))
    except assembly.CannotStart as reason:
        print(f"hubbub: {reason}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    return 0
