"""Hubbub: a self-hosted place to talk."""

VERSION = "0.1.0"
