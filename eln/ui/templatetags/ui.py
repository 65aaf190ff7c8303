"""Tags of the shell, built into every template: {% nav %}, {% panels "slot" subject %}."""

from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString, mark_safe

from eln.ui import registry

register = template.Library()


@register.simple_tag(takes_context=True)
def nav(context: template.Context) -> list[dict[str, Any]]:
    """The menu: [{label, url, icon, active}]; items whose page is absent are left out."""
    path = context["request"].path
    items = []
    for item in registry.nav():
        try:
            url = reverse(item.url)
        except NoReverseMatch:
            continue
        items.append(
            {
                "label": item.label,
                "url": url,
                "icon": item.icon,
                "active": (url != "/" and path.startswith(url)) or path == url,
            }
        )
    return items


@register.simple_tag(takes_context=True)
def panels(context: template.Context, slot: str, subject: Any = None) -> SafeString:
    """What other packages show in this slot."""
    request = context["request"]
    return mark_safe("".join(panel.render(request, subject) for panel in registry.panels(slot)))  # noqa: S308 - rendered by templates
