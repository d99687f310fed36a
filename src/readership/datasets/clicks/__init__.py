"""Impressions with their clicks, laid into folds of whole days."""
