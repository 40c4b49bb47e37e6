"""A copy of the newest version, made while the warehouse is still being built: disks have time then."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Thread

from profilectl.console import sync


class Draft:
    """A file to start the next version from. ``is_open`` until it was taken or thrown away.

    Parameters
    ----------
    base
        The file of a version. It is copied in the background, and the copy brought to the disk.
    folder
        A folder of its own, to be made. Whatever publishes may remove it at any moment: what can be had
        of it is known only when it is taken.
    """

    def __init__(self, base: Path, folder: Path) -> None:
        self.base, self.folder = base, folder
        self._file = folder / base.name
        self.is_open = True
        self._is_whole = False
        self._thread = Thread(target=self._copy, name="draft", daemon=True)
        self._thread.start()

    def take(self, base: Path, target: Path) -> bool:
        """Wait for the copy and move it to ``target``; False if there is none, or one of another file."""
        self._thread.join()
        try:
            if self._is_whole and base == self.base:
                self._file.replace(target)
                return True
        except FileNotFoundError:  # removed by another publish
            pass
        finally:
            self.discard()
        return False

    def discard(self) -> None:
        """Remove what was not taken."""
        self.is_open = False
        self._thread.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _copy(self) -> None:
        # Without a copy, for whatever reason, publishing copies for itself, and tells of what is in its way.
        try:
            self.folder.mkdir(mode=0o700)
            shutil.copyfile(self.base, self._file)
            sync(self._file)
            self._is_whole = True
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
