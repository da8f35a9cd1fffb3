"""The way out: everything that leaves this machine for a vendor goes through `wire.session`."""
