"""The wire of REST and gateway, written once: what JSON looks like outside. `make schema` derives schema/ and the TypeScript client.

Ids are decimal strings, instants RFC 3339 in UTC with milliseconds, permissions decimal strings of a 64-bit field.
Field names equal Discord's where the thing is the same. Nothing here decides anything.
"""
