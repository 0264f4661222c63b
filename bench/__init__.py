"""Measurements of the product: how fast it is, and how well it stops real tools."""
