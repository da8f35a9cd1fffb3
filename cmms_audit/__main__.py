"""`python -m cmms_audit`, the same as the command `cmms-audit`."""

from cmms_audit.cli.main import entry

entry()
