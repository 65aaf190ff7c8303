"""Scope: what a reader may see, as one value that every read takes and every store applies inside its query."""

from dataclasses import dataclass

from django.db.models import Q

from eln.accounts.models import Membership, User


@dataclass(frozen=True)
class Scope:
    """The projects a reader may read and write. Things without a project are open to everybody who has a Scope."""

    user_id: int | None = None
    readable: frozenset[int] = frozenset()
    writable: frozenset[int] = frozenset()
    everything: bool = False

    @classmethod
    def system(cls) -> "Scope":
        """Sees everything: commands on the machine itself, stages, administrators."""
        return cls(everything=True)

    @classmethod
    def visitor(cls) -> "Scope":
        """Reads what belongs to no project and changes nothing: somebody unknown, where the site lets such people read."""
        return cls()

    @classmethod
    def of(cls, user: User) -> "Scope":
        """The scope of a person who logged in."""
        if user.is_superuser:
            return cls(user_id=user.pk, everything=True)
        roles = dict(Membership.objects.filter(user=user).values_list("project_id", "role"))
        writable = frozenset(pk for pk, role in roles.items() if role != Membership.Role.READER)
        return cls(user_id=user.pk, readable=frozenset(roles), writable=writable)

    def q(self, field: str = "project") -> Q:
        """The condition on a queryset whose `field` is a nullable foreign key to Project."""
        if self.everything:
            return Q()
        return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__in": self.readable})

    def may_read(self, project_id: int | None) -> bool:
        """Whether something of this project (none = open) is visible."""
        return self.everything or project_id is None or project_id in self.readable

    def may_write(self, project_id: int | None) -> bool:
        """Whether something of this project may be changed."""
        return self.everything or (project_id in self.writable if project_id is not None else self.user_id is not None)
