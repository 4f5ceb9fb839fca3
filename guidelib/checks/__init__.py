"""Checkers for the exercises, one module per chapter: ``from guidelib.checks.ch01 import check``."""
