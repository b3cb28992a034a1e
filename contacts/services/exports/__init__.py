"""Exports of people: ordered with a purpose, made in the background, kept as a manifest."""
