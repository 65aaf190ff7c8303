"""Addresses of chat."""

from django.urls import URLPattern, URLResolver, path

from chat.web import views

app_name = "chat"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.page, name="home"),
    path("ask/", views.ask, name="ask"),
    path("<int:conversation>/", views.page, name="conversation"),
    path("<int:conversation>/delete/", views.delete, name="delete"),
    path("message/<int:message>/feedback/", views.feedback, name="feedback"),
]
