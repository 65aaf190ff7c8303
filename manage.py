"""Entry point of every Lodestone command: `python manage.py COMMAND`."""

import os
import sys


def main() -> None:
    """Run the command named on the command line with Lodestone's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.config.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    try:
        _ = settings.HOME  # the first look reads the variables and makes the data folder
    except (OSError, ValueError) as error:
        print(f"manage.py: the settings cannot be used: {error}. Check the LODESTONE_ variables.", file=sys.stderr)
        sys.exit(2)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
