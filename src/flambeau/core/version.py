"""The package's version, which rooms need and the package exports."""

VERSION = "0.1.0"
