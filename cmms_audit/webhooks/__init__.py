"""Events that a vendor sends: the receiver that takes and misbehaves, what a delivery is, and how it is signed."""
