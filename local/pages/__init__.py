"""The HTML pages of the local stack's front; every value is escaped."""

import jinja2

_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("local.pages", ""),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> str:
    return _environment.get_template(template).render(**values)
