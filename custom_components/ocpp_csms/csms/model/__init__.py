"""Value types of the central system: neutral of version, SI units, UTC."""
