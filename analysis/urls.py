"""Addresses of analysis; the views are read when the first of them is asked for, like all of the site's."""

from django.urls import URLPattern, URLResolver, path

from analysis.web import views

app_name = "analysis"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("train/", views.train, name="train"),
    path("train/table/", views.table, name="train-table"),
    path("jobs/<slug:uid>/", views.job, name="job"),
    path("jobs/<slug:uid>/cancel/", views.cancel, name="cancel"),
    path("jobs/<slug:uid>/retry/", views.retry, name="retry"),
    path("models/<slug:uid>/", views.model, name="model"),
    path("models/<slug:uid>/card.json", views.card, name="card"),
    path("models/<slug:uid>/parity.json", views.parity, name="parity"),
    path("models/<slug:uid>/predict/", views.predict, name="predict"),
]
