"""The stand-alone package that runner processes execute: one adapter per framework.

It imports nothing else of ours, is written in Python 3.7 syntax, and needs only the standard library
and numpy until it loads its framework, so that any interpreter that has TensorFlow can run it.
"""
