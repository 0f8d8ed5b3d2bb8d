"""LibreOffice opens a file of orders with hostile addresses, and finds no formula in it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from orders.exports import file_formats
from shared.storage.models.orders import ShippingAddress
from tests.attacks import cells
from tests.support import shop
from tests.support.exports import line, new_order

OFFICE = shutil.which("soffice") or shutil.which("libreoffice") or ""
# The options of a CSV import: the codes of the separators, of the quote and of UTF-8, the first
# line, no formats of columns, the language, whether a quoted number is a text, whether to find
# dates, two of the export, whether to drop blanks around a cell, the sheet, "evaluate formulas".
OPTIONS = "{separators},34,76,1,,0,false,true,false,false,{trims},-1,true"
READERS = {
    "comma": OPTIONS.format(separators="44", trims="false"),
    "semicolon": OPTIONS.format(separators="59", trims="false"),
    "tab": OPTIONS.format(separators="9", trims="false"),
    "all three, trimmed": OPTIONS.format(separators="44/59/9", trims="true"),
}
SECONDS_MAX = 300  # a first start on a busy machine

pytestmark = pytest.mark.skipif(
    not OFFICE,
    reason="LibreOffice is missing. Install Debian's package libreoffice-calc-nogui.",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A file of orders with every hostile text in two columns, and one that nobody escaped."""
    folder = tmp_path_factory.mktemp("office")
    address = shop.ADDRESS | {"region": "x", "line2": "x"}
    orders = [
        new_order(
            order_id=f"ord_{number}",
            shipping_address=ShippingAddress(**address | {"line1": text, "city": text}),
            lines=[line(sku=text, name=text)],
        )
        for number, text in enumerate(cells.TEXTS.values())
    ]
    text = file_formats.render_header("csv")
    text += "".join(file_formats.render_order(order, "csv") for order in orders)
    (folder / "orders.csv").write_text(text, newline="")
    (folder / "unsafe.csv").write_text(
        'a,=1+1,y\r\na;"=1+1&";y\r\na\t=1+1\ty\r\na; =1+1;y\r\n', newline=""
    )
    return folder


def find_formulas(folder: Path, options: str) -> dict[str, list[str]]:
    """The formulas that LibreOffice sees in each file."""
    out = folder / re.sub(r"\W", "-", options)
    subprocess.run(  # noqa: S603 (our own files)
        [
            *(OFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless"),
            *("--convert-to", "fods", f"--infilter=CSV:{options}", "--outdir", str(out)),
            *(str(folder / "orders.csv"), str(folder / "unsafe.csv")),
        ],
        check=True,
        capture_output=True,
        timeout=SECONDS_MAX,
        env=os.environ | {"HOME": str(folder)},
    )
    return {
        file.stem: re.findall(r'table:formula="([^"]*)"', file.read_text(encoding="utf-8"))
        for file in out.glob("*.fods")
    }


@pytest.mark.parametrize("reader", READERS)
def test_libreoffice_finds_no_formula_in_a_file_of_orders(folder, reader):
    found = find_formulas(folder, READERS[reader])

    assert found["orders"] == []
    assert found["unsafe"] != []  # the reader does see formulas
