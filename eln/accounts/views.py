"""Pages of accounts: log in and out, language, projects and their members."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from eln.accounts.models import Membership, Project, User
from eln.accounts.scope import Scope
from eln.accounts.services import language_set, membership_end, membership_set, project_create

TRIES, WAIT_S = 10, 300


def _remember(response: HttpResponse, language: str) -> HttpResponse:
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86400, samesite="Lax")
    return response


@method_decorator(login_not_required, name="dispatch")
class Login(LoginView):
    """Name and password; after ten wrong ones in five minutes the name must wait."""

    template_name = "eln/login.html"
    redirect_authenticated_user = True

    def _key(self) -> str:
        name = self.request.POST.get("username", "")[:150]
        return f"login:{self.request.META.get('REMOTE_ADDR', '')}:{name.encode().hex()}"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # Any: Django's own
        """Refuse while too many tries are remembered."""
        if cache.get(self._key(), 0) >= TRIES:
            form = self.get_form_class()(request)
            waiting = _("Too many tries. Wait five minutes, then try again.")
            return self.render_to_response(self.get_context_data(form=form, waiting=waiting), status=429)
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:  # Any: Django's form of this view
        """Count the wrong try."""
        cache.set(self._key(), cache.get(self._key(), 0) + 1, WAIT_S)
        return super().form_invalid(form)

    def form_valid(self, form: Any) -> HttpResponse:
        """Log in, in the language the person chose last."""
        cache.delete(self._key())
        response = super().form_valid(form)
        language = cast(User, form.get_user()).language
        return _remember(response, language) if language else response


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language of this browser and, for a person who logged in, of the account."""
    response = set_language(request)
    chosen = request.POST.get("language", "")
    if isinstance(request.user, User) and chosen in dict(settings.LANGUAGES):
        language_set(user=request.user, language=chosen)
    return response


def projects(request: HttpRequest) -> HttpResponse:
    """The projects a person belongs to; a new one on POST."""
    user = cast(User, request.user)
    if request.method == "POST":
        project = project_create(title=request.POST.get("title", ""), owner=user)
        return redirect("eln:project", slug=project.slug)
    shown = Project.objects.all() if user.is_superuser else Project.objects.filter(memberships__user=user)
    return render(request, "eln/projects.html", {"projects": shown.order_by("title")})


def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Members of one project; owners change them by POST."""
    scope = Scope.of(cast(User, request.user))
    found = get_object_or_404(Project, slug=slug)
    if not scope.may_read(found.pk):
        return render(request, "404.html", status=404)
    if request.method == "POST":
        username = request.POST.get("username", "")
        if request.POST.get("action") == "remove":
            membership_end(scope=scope, project=found, username=username)
        else:
            membership_set(scope=scope, project=found, username=username, role=request.POST.get("role", ""))
        messages.success(request, _("Saved."))
        return redirect("eln:project", slug=slug)
    members = found.memberships.select_related("user").order_by("user__username")
    owner = scope.everything or any(m.user_id == scope.user_id and m.role == Membership.Role.OWNER for m in members)
    context = {"project": found, "members": members, "owner": owner, "roles": Membership.Role.choices}
    return render(request, "eln/project.html", context)
