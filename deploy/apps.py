"""Django's view of the package deploy: installed last, it wires the others."""

from django.apps import AppConfig


class DeployConfig(AppConfig):
    """Connects wake-ups once all packages have registered their stages."""

    name = "deploy"

    def ready(self) -> None:
        """Connect wake-ups to the broker."""
        from deploy.config.schedule import wakeups_connect

        wakeups_connect()
