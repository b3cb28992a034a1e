"""Rows kept for correction, when the address of somebody in them was protected since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contacts.models import ContactPoint, ImportBatch, ImportRow
from contacts.services.imports.rows import RowReader, without_whereabouts
from register.services import protections


def hidden(batch: ImportBatch, rows: Iterable[ImportRow]) -> Iterator[ImportRow]:
    """Yield the rows, those of protected persons without what may tell where they are.

    A row is theirs if it has an e-mail address or a number of theirs; whose name it
    bears does not matter here, since hiding too much harms nobody.
    """
    protected = protections.in_force().values("subject_id")
    # Those whose address is protected are few; the rows may be a million.
    points = ContactPoint.objects.filter(contact__in=protected)
    known = set(points.values_list("value", flat=True))
    reader = RowReader(batch.targets)
    for row in rows:
        if known:
            person = reader.read(row.pk, row.cells)
            if known.intersection((*person.emails, *person.phones)):
                row.cells = without_whereabouts(row.cells, batch.targets)
        yield row
