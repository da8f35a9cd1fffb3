"""Exit codes, as published; where several apply the first in this order wins: 130, 3, 2, 1, 0."""

EXIT_OK = 0
EXIT_GATE_FAILED = 1
EXIT_INPUT = 2
EXIT_CANNOT_AUDIT = 3
EXIT_INTERRUPTED = 130
