"""`api_token USER NAME`: a token for a person's programs, shown once."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from eln.accounts.models import User
from ingest.commands import LodestoneCommand
from knowledge.access.models import Right
from knowledge.access.services import key_create, keys_revoke_named
from knowledge.errors import KnowledgeError


class Command(LodestoneCommand):
    """Makes or revokes a token of the JSON API."""

    help = "Make a token by which a person's programs may ask the JSON API, or revoke it"

    def arguments(self, parser: CommandParser) -> None:
        """Whose, and its name."""
        parser.add_argument("user", help="name the person logs in with")
        parser.add_argument("name", help="what the token is for")
        parser.add_argument("--revoke", action="store_true", help="revoke the tokens of this name")
        parser.add_argument("--days", type=float, help="it ends after so many days")
        parser.add_argument(
            "--right",
            action="append",
            help=f"what it may do, repeated: {', '.join(Right.values)}; without: read, export",
        )

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Make or revoke, and print."""
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise KnowledgeError(f"There is no person '{options['user']}'.")
        if options["revoke"]:
            count = keys_revoke_named(user=user, name=options["name"])
            self.emit({"revoked": count}, f"{count} tokens revoked")
            return 0
        expires = timezone.now() + timedelta(days=options["days"]) if options["days"] is not None else None
        rights = options["right"] or (Right.READ, Right.EXPORT)
        _key, token = key_create(user=user, name=options["name"], rights=rights, expires=expires)
        self.emit({"user": user.username, "name": options["name"], "token": token}, token)
        return 0
