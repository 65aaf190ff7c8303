"""What chat shows on other packages' pages."""

from django.http import HttpRequest
from django.template.loader import render_to_string


def ask_button(request: HttpRequest, formula: str) -> str:
    """The button of a material's page that begins a question about it."""
    return render_to_string("chat/ask_button.html", {"formula": formula}, request)
