"""The dashboard: pages over the published file, served to this machine. It needs the extra ``dashboard``."""
