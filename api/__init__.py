"""Sigap: trained volunteers, where disaster strikes."""

__version__ = "0.1.0"
