"""Embedded CMMS vendors: real HTTP on a loopback port over SQLite. They know nothing of the auditor."""
