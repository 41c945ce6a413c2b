"""graphite-web and nothing around it. Run by Debian's Python, with the port as the only argument."""

import os
import sys
from importlib import import_module
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server


class Threaded(ThreadingMixIn, WSGIServer):
    """A thread for each request: none waits for another."""

    daemon_threads = True


if __name__ == "__main__":
    sys.path.pop(0)  # this folder has a graphite.py of its own
    os.environ["DJANGO_SETTINGS_MODULE"] = "graphite.settings"
    os.environ["GRAPHITE_SETTINGS_MODULE"] = "chosen_settings"
    application = import_module("django.core.wsgi").get_wsgi_application()
    make_server("127.0.0.1", int(sys.argv[1]), application, Threaded).serve_forever()
