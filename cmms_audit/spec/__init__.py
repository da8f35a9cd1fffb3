"""The vendor's published API description: loaded, indexed, searched for CMMS resources, and held against records."""
