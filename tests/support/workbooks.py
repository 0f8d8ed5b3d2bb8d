"""XLSX files, part by part, as programs write them and as nobody should."""

import io
import zipfile

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_MAIN}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_MAIN}.sheet.main+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_MAIN}.sharedStrings+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_MAIN}.styles+xml"/></Types>'
)
HEADER = ("sku", "name", "price_minor", "currency", "available")


def inline(*texts: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)


def row(*cells: str, number: int | None = None) -> str:
    at = f' r="{number}"' if number else ""
    return f"<row{at}>{''.join(cells)}</row>"


def sheet(*rows: str, header: str = row(inline(*HEADER))) -> str:
    return f'<worksheet xmlns="{SHEETS}"><sheetData>{header}{"".join(rows)}</sheetData></worksheet>'


def good_row(sku: str = "TEA") -> str:
    return row(inline(sku, "Green tea", "1250", "EUR", "7"))


def styles(*codes: str) -> str:
    """Style 1 has the first code, and so on."""
    formats = "".join(
        f'<numFmt numFmtId="{200 + place}" formatCode="{code}"/>'
        for place, code in enumerate(codes)
    )
    used = "".join(f'<xf numFmtId="{200 + place}"/>' for place in range(len(codes)))
    return (
        f'<styleSheet xmlns="{SHEETS}"><numFmts>{formats}</numFmts>'
        f'<cellXfs><xf numFmtId="0"/>{used}</cellXfs></styleSheet>'
    )


def workbook(
    *sheets: str, shared: str | None = None, style: str | None = None, opening: str = ""
) -> bytes:
    """A workbook of these sheets. `opening` stands before the root of the workbook's XML."""
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _relationships([("officeDocument", "xl/workbook.xml")]),
    }
    related = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    for (_, path), content in zip(related, sheets, strict=True):
        parts[f"xl/{path}"] = content
    listed = "".join(
        f'<sheet name="Sheet {n}" sheetId="{n}" r:id="rId{n}"/>' for n in range(1, len(sheets) + 1)
    )
    parts["xl/workbook.xml"] = (
        f'{opening}<workbook xmlns="{SHEETS}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets>'
        "</workbook>"
    )
    if shared is not None:
        parts["xl/sharedStrings.xml"] = shared
        related.append(("sharedStrings", "sharedStrings.xml"))
    if style is not None:
        parts["xl/styles.xml"] = style
        related.append(("styles", "styles.xml"))
    parts["xl/_rels/workbook.xml.rels"] = _relationships(related)
    return packed(parts)


def packed(parts: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def _relationships(related: list[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(related, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'
