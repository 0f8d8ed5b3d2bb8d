"""The translation that the tests look at is SAM's own."""

from samtranslator.open_api import open_api

from tests.template import stack


def test_a_translation_without_copies_is_equal(monkeypatch):
    monkeypatch.setattr(open_api, "_deepcopy", stack.copy_document)

    translated = stack.resources.__wrapped__()

    assert translated == stack.resources()
