"""Tables of the gateway: instruments, the agents that speak for them, and a receipt for everything that came in."""

from django.db import models


class Instrument(models.Model):
    """A machine that measures; `slug` names it on the wire and in addresses."""

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    title_zh = models.CharField(max_length=200, blank=True)
    technique = models.CharField(max_length=80, blank=True)
    location = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class Agent(models.Model):
    """A program beside one instrument; its token is stored as a hash only."""

    name = models.CharField(max_length=120)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="agents")
    token_hash = models.CharField(max_length=64, unique=True)
    next_token_hash = models.CharField(
        max_length=64, null=True, blank=True, unique=True, help_text="issued by rotation; takes over when first used"
    )
    token_issued = models.DateTimeField(null=True, blank=True)
    token_expires = models.DateTimeField(null=True, blank=True, help_text="none: valid until rotated or revoked")
    host = models.CharField(max_length=200, blank=True)
    version = models.CharField(max_length=40, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)
    health = models.JSONField(default=dict, help_text="the last heartbeat as the agent sent it")
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class AgentConfig(models.Model):
    """One version of what an agent is told to collect, as TOML; the newest is the one it should run."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="configs")
    version = models.PositiveIntegerField()
    text = models.TextField(help_text="TOML: [[sources]] and, if wanted, [spool] limits")
    author = models.CharField(max_length=120, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "version"], name="agent_config_once")]
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"{self.agent} {self.version}"


class EnrolmentCode(models.Model):
    """A one-time code that a person hands to a new agent; stored as a hash only."""

    code_hash = models.CharField(max_length=64, unique=True)
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="enrolment_codes")
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", help_text="who used it")
    created = models.DateTimeField(auto_now_add=True)


class Receipt(models.Model):
    """One thing that came in and is kept: a closed file (`done`), a log that still grows (`growing`), or a log whose
    bytes here are not those its sender shipped (`failed`, with the reason; the sender tries to send them again).
    """

    class State(models.TextChoices):
        """Whether all of it is here."""

        DONE = "done"
        GROWING = "growing"
        FAILED = "failed"

    id = models.CharField(primary_key=True, max_length=64)
    envelope = models.JSONField(default=dict)
    kind = models.CharField(max_length=20, default="measurement")
    instrument = models.ForeignKey(Instrument, null=True, blank=True, on_delete=models.PROTECT, related_name="receipts")
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.SET_NULL, related_name="receipts")
    source = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(max_length=400)
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    size = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DONE)
    reason = models.TextField(blank=True, help_text="of a failed one: what is wrong and what happens next")
    received = models.DateTimeField(auto_now_add=True)
    person = models.CharField(max_length=120, blank=True)
    sample = models.CharField(max_length=120, blank=True)
    run = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.file_name


class Upload(models.Model):
    """A file on its way: its envelope is known, its bytes so far lie in a part file, which is the authority of the offset."""

    id = models.CharField(primary_key=True, max_length=64)
    envelope = models.JSONField()
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="uploads")
    created = models.DateTimeField(auto_now_add=True)
