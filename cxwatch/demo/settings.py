"""The simulated shop's settings: written into the demo's folder, and a worked example of a cxwatch.toml."""

from __future__ import annotations

from pathlib import Path

SETTINGS = """\
# The simulated shop of `cxwatch demo`. Yours looks much the same: see `cxwatch init`.

channels = ["web", "app", "phone", "chat", "store", "email"]
stages = ["discover", "buy", "deliver", "use", "support", "return"]

# At a moment of truth one bad event flags the customer at once.
[stage.buy]
moment_of_truth = true
label = "Buy"

[stage.deliver]
moment_of_truth = true
label = "Delivery"

# Hot: asked right after the contact. Cold: asked about the relation as a whole. They never share a window.
[survey.page_helpful]
kind = "hot"

[survey.after_checkout]
kind = "hot"

[survey.after_delivery]
kind = "hot"

[survey.product_review]
kind = "hot"

[survey.after_contact]
kind = "hot"

[survey.after_return]
kind = "hot"

[survey.relationship]
kind = "cold"

# What each touchpoint is worth, "touchpoint" or "touchpoint:outcome"; below 0 is bad.
# Basics earn nothing when they work, delighters cost nothing when they fail (Kano).
[framework.grades]
"product_search" = 1
"product_search:no_results" = -1
"product_page" = 0
"payment" = { grade = 1, kano = "basic" }
"payment:failed" = { grade = -4, moment_of_truth = true }
"delivery:on_time" = 2
"delivery:late" = { grade = -3, moment_of_truth = true }
"delivery:damaged" = { grade = -4, moment_of_truth = true }
"product_use:works" = { grade = 1, kano = "basic" }
"product_use:defect" = -3
"call:solved" = 2
"call:unsolved" = -2
"call:abandoned" = -3
"chat:solved" = 2
"chat:unsolved" = -2
"chat:abandoned" = -3
"mail:solved" = 1
"mail:unsolved" = -2
"mail:abandoned" = -3
"return_request:refunded" = 1
"return_request:slow" = -2
"""


FOR_A_FILE = "# `cxwatch demo --input` takes channels and stages from the file.\n"


def write(folder: Path, text: str, *, replace: bool = False) -> Path:
    """Put settings into a folder unless some are there already; where they are.

    `replace` puts them in place of those that an earlier demo wrote and nobody has edited since.
    """
    path = folder / "cxwatch.toml"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists() or (replace and path.read_text(encoding="utf-8") in (SETTINGS, FOR_A_FILE)):
        path.write_text(text, encoding="utf-8")
    return path
