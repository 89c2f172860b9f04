"""Benchmarks. Tests check their helpers but do not run them."""
