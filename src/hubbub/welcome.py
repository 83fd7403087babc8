"""What the terminal says when the server is up."""

from __future__ import annotations

from hubbub import VERSION
from hubbub.config import Config

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def address(config: Config, port: int) -> str:
    """The address to open, as far as this process can know it."""
    return config.public_url or own_address(config, port)


def own_address(config: Config, port: int) -> str:
    """Of this process itself, whatever stands before it."""
    host = "127.0.0.1" if config.host in ("0.0.0.0", "::") else config.host
    return f"{config.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def text(config: Config, port: int, media_port: int, setup_token: str | None) -> str:
    base = address(config, port)
    lines = [f"Hubbub {VERSION} is running at {base}", f"  data   {config.data_dir.resolve()}"]
    lines.append(f"  media  {f'LiveKit at {config.livekit_url}' if config.livekit_url else f'UDP {media_port}'}")
    if setup_token:
        lines += ["", "Nobody owns this instance yet. Open this link to make your account and your first server:"]
        lines += [f"  {base}/setup?token={setup_token}"]
    lines += _warnings(config)
    return "\n".join(lines)


def _warnings(config: Config) -> list[str]:
    behind_tls = config.tls != "off" or config.public_url.startswith("https://") or config.trusted_proxies
    if config.host in _LOOPBACK:
        if behind_tls:
            return []
        return ["", "Only this machine can reach it. To let others in: HUBBUB_HOST=0.0.0.0 HUBBUB_TLS=self-signed"]
    if not behind_tls:
        return [
            "",
            "Browsers allow microphones and cameras only over https: voice will not work from other machines,",
            "and passwords travel in the clear. One setting mends it: HUBBUB_TLS=self-signed",
        ]
    return []
