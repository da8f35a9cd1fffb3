"""Audit a CMMS vendor's API before you sign."""

__version__ = "0.1.0"
