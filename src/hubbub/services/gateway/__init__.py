"""Live delivery: resumable event streams for sockets of any protocol. Reads every fact, shows each to whom it may be shown."""
