"""People, projects and who belongs to what."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person who logs in; `is_staff` may administer instruments, topics and people."""

    language = models.CharField(_("language"), max_length=10, blank=True)


class Project(models.Model):
    """What rights are given for: entries, samples and records belong to one project, or to none (open to all who log in)."""

    slug = models.SlugField(_("short name"), unique=True)
    title = models.CharField(_("title"), max_length=200)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class Membership(models.Model):
    """A person's role in a project."""

    class Role(models.TextChoices):
        """What a member may do."""

        READER = "reader", _("reads")
        WRITER = "writer", _("reads and writes")
        OWNER = "owner", _("reads, writes and invites")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.WRITER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "project"], name="membership_once")]
