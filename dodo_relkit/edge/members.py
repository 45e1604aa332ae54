"""Which digest the content of a member has."""

from __future__ import annotations

import hashlib

from dodo_relkit.artifacts.model import Member
from dodo_relkit.edge.files import sha256_of


def member_sha256(member: Member) -> str:
    """Return the SHA-256 (hex) of a file's content; '' for links and directories.

    Reads the source only when the member does not say. Raises `Trouble` (RK603).
    """
    if member.is_dir or member.link:
        return ""
    if member.sha256:
        return member.sha256
    if member.source:
        return sha256_of(member.source)
    return hashlib.sha256(member.content).hexdigest()
