"""Requests that make something and carry an Idempotency-Key act once, however often they are sent."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from eln.accounts.models import User
from ingest.errors import BadInput, Conflict
from knowledge.access.models import Deed

KEPT = timedelta(days=1)


class OtherRequest(Conflict):
    """The Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"
    status = 422


def deed_key(request: HttpRequest) -> str:
    """The Idempotency-Key of a request, empty without one. Raises BadInput."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > 255 or not key.isprintable():
        raise BadInput("Idempotency-Key has at most 255 printable characters.")
    return key


def once(request: HttpRequest, *, user: User, make: Callable[[], str]) -> tuple[str, bool]:
    """The id of what this request makes, and whether it had been made before. `make` runs inside a transaction.

    Raises OtherRequest when the key came with another request before; keys are forgotten after a day.
    """
    key = deed_key(request)
    if not key:
        with transaction.atomic():
            return make(), False
    said = b"\n".join([(request.method or "").encode(), request.get_full_path().encode(), request.body])
    fingerprint = hashlib.sha256(said).hexdigest()
    Deed.objects.filter(user=user, created__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic():
            deed = Deed.objects.create(
                user=user, key=key, fingerprint=fingerprint
            )  # a second one waits here for the first
            deed.made = make()
            deed.save(update_fields=["made"])
            return deed.made, False
    except IntegrityError:
        before = Deed.objects.filter(user=user, key=key).first()
        if before is None:
            raise
    if before.fingerprint != fingerprint:
        raise OtherRequest("This Idempotency-Key came with another request before: choose a new one.")
    return before.made, True
