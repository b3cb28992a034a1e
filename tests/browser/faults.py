"""What axe-core finds on a page: faults that keep somebody out who sees, hears or moves otherwise.

axe-core 4.14.1 stands beside this module as npm has it (MPL-2.0, its licence with it),
so that the tests need no network. A newer one: npm pack axe-core, axe.min.js.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
COUNTED = ("serious", "critical")
# Reads the page as it stands: what fades in or out is neither here nor there.
_RUN = """async () => {
    document.getAnimations().forEach(animation => {
        try { animation.finish(); } catch { animation.cancel(); }
    });
    const found = await axe.run(document, {
        resultTypes: ["violations"], elementRef: false, ancestry: false,
    });
    return found.violations.map(fault => [
        fault.id, fault.impact, fault.nodes.map(node => node.html.slice(0, 200)),
    ]);
}"""


def serious_faults(page: Any) -> dict[str, list[str]]:
    """Return what is wrong on the page by the name of the rule, with where it is wrong."""
    page.evaluate(AXE)
    return {
        rule: places
        for rule, impact, places in page.evaluate(_RUN)
        if impact in COUNTED
    }
