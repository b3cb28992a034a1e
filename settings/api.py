"""The HTTP interface: the routers of the apps, put together."""

from __future__ import annotations

from ninja import NinjaAPI

from communications.api import calls, chats
from contacts.api import router as contacts
from register.api import errors
from register.api.bodies import StrictJson

api = NinjaAPI(
    title="Seloste",
    version="1",
    description="Contacts, chats and calls for other systems of the controller. Every request needs a key; every write needs the header Idempotency-Key.",
    urls_namespace="api-v1",
    # A page for reading it would load scripts from elsewhere; the file is enough.
    docs_url=None,
    parser=StrictJson(),
)
errors.install(api)
api.add_router("/contacts", contacts)
api.add_router("/chats", chats)
api.add_router("/calls", calls)
