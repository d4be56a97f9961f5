"""Bars of a whole universe from a vendor that is slow, limits requests and fails: asked, kept at once, committed.

Belongs here: what combines sources, transforms and storage over many requests, and can be killed at any moment. Not
here: how one symbol is asked (``sources``), rules and versions (``transforms``), or Dagster (``defs``).
"""
