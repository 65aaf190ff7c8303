"""All tables of eln in one place, for Django and for the newcomer."""

from eln.accounts.models import Membership, Project, User

__all__ = ["Membership", "Project", "User"]
