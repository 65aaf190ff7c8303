"""Streams to pages: they end when the site stops, so that stopping takes a moment and not a time-out."""

import threading

stopping = threading.Event()  # set by whoever runs the site, looked at by every endless stream
