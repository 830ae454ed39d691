# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A file system with a journal to measure in, as most servers have one, where this machine's has none."""
import contextlib
import subprocess
from pathlib import Path


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def journaled_ext4(folder, gigabytes=32):
    """Makes `folder` a new ext4, as mkfs.ext4 makes it by itself (metadata in the journal, data written before it), in a
    file beside it, on a loop device that goes past the page cache. Needs root. The file is gone in the end.
    """
    folder, image = Path(folder), Path(f"{folder}.ext4")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run("fallocate", "-l", f"{gigabytes}G", str(image))
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
        device = run("losetup", "--find", "--show", "--direct-io=on", str(image))
        try:
            run("mount", device, str(folder))
            try:
                yield folder
            finally:
                run("umount", str(folder))
        finally:
            run("losetup", "--detach", device)
    finally:
        image.unlink(missing_ok=True)
