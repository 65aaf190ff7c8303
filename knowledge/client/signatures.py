"""Whether a webhook's message is the site's own: Standard Webhooks 1.0, checked on the receiving side."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping


def message_verified(
    secret: str, headers: Mapping[str, str], body: bytes, *, most_age_s: float = 300, now: float | None = None
) -> bool:
    """Whether the body was signed with this secret, and not long ago. headers: of the request, names in any case."""
    said = {name.lower(): value for name, value in headers.items()}
    uid, timestamp = said.get("webhook-id", ""), said.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs((time.time() if now is None else now) - int(timestamp)) > most_age_s:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = hmac.new(key, b".".join([uid.encode(), timestamp.encode(), body]), hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(wanted).decode()}"
    return any(hmac.compare_digest(expected, part) for part in said.get("webhook-signature", "").split(" "))
