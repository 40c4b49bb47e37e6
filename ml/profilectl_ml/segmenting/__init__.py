"""Audience segments: clusters of users that are stable, described and keep their names."""
