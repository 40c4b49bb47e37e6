"""What changed between two published versions: users, identifiers, attributes, scores, segments, rows."""

from profilectl.version_diff.diff import diff

__all__ = ["diff"]
