"""Decisions per request over HTTP, from bundles and the online store alone: no warehouse, no training library."""
