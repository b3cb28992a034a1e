"""The register's web application, which tells as whom it asks the database."""

from __future__ import annotations

from django.db import connection

from settings.wsgi import application as register

assert callable(register)


def application(environ, start_response):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        role = cursor.fetchone()[0]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [role.encode()]
