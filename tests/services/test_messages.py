from __future__ import annotations

import gettext
import os

import pytest

from settings import messages
from settings.messages.__main__ import main

PYTHON = """\
from django.utils.translation import gettext as _, gettext_lazy as lazy
from django.utils.translation import ngettext, pgettext, pgettext_lazy as in_context

# Translators: the button below the form
SAVE = _("Save")
NAME = lazy("Name of "
            "the contact")
DAYS = ngettext("%(count)d day", "%(count)d days", 3)
MAY = pgettext("month", "May")
MAY_WE = in_context("permission", "May")
GREETING = _("Hello, {name}!")
IGNORED = "Not for translation"
"""
TEMPLATE = """\
{% load i18n %}
<div>
    {# Translators: a heading #}
    <h1>{% translate "Your requests" %}</h1>
  <p title="{{ _("it's a title") }}">
      {% blocktranslate trimmed with name=contact.name %}
          Dear {{ name }},
          100 % of it is yours.
      {% endblocktranslate %}
      {% blocktranslate count n=total %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}
    {% trans "May" context "month" %}
  </p>
</div>
"""
MESSAGES = {
    ("Save", None),
    ("Name of the contact", None),
    ("%(count)d day", None),
    ("May", "month"),
    ("May", "permission"),
    ("Hello, {name}!", None),
    ("Your requests", None),
    ("it's a title", None),
    ("Dear %(name)s, 100 %% of it is yours.", None),
    ("%(n)s row", None),
}


@pytest.fixture
def root(tmp_path):
    for name, text in {
        "contacts/models.py": PYTHON,
        "templates/contacts/list.html": TEMPLATE,
        "contacts/migrations/0001.py": '_("Of a migration")',
        "contacts/list.html": '{% translate "Outside the templates" %}',
        "tests/test_it.py": '_("Of a test")',
        ".venv/lib/other.py": '_("Of a library")',
        "env/pyvenv.cfg": "",
        "env/lib/other.py": '_("Of a library")',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def po_file(root, language="fi"):
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def write(root, text, language="fi"):
    path = po_file(root, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'msgid ""\nmsgstr ""\n"Language: {path.parts[-3]}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n' + text
    )


def only_source(root, source):
    (root / "templates/contacts/list.html").unlink()
    (root / "contacts/models.py").write_text(source)


def finnish(root):
    with po_file(root).with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def test_messages_of_modules_and_templates_are_found(root):
    found = messages.collect(root)

    assert set(found) == MESSAGES
    assert found["%(n)s row", None].id == ("%(n)s row", "%(n)s rows")
    assert found["May", "month"].files == {
        "contacts/models.py",
        "templates/contacts/list.html",
    }


def test_an_underscore_of_another_origin_is_not_a_message(root):
    only_source(root, 'from elsewhere import shout as _\n_("Not ours")\n')

    assert messages.collect(root) == {}


def test_a_message_within_an_f_string_is_found(root):
    only_source(
        root,
        "from django.utils.translation import gettext as _\n"
        """PAGE = f"<h1>{escape(_('Your rights'))}</h1>"\n""",
    )

    assert set(messages.collect(root)) == {("Your rights", None)}


def test_what_the_data_map_tells_people_is_a_message(root):
    only_source(
        root,
        "ModelMap(\n"
        '    fields={"id": NotPersonal("key"), "name": Personal("name", ground="secret", keep=Keep("a law", "P1Y", "at"))},\n'
        '    source="the person",\n'
        '    retention=Reviewed("rule", "while it stands", "P1Y", "at"),\n'
        ")\n"
        'Recipient("post", "Posti", "FI", "postal addresses", safeguard="a contract")\n',
    )

    assert set(messages.collect(root)) == {
        ("name", None),
        ("secret", None),
        ("a law", None),
        ("the person", None),
        ("while it stands", None),
        ("postal addresses", None),
        ("a contract", None),
    }


def test_update_writes_three_sorted_catalogues(root):
    assert messages.update(root) == {"fi": (10, 0), "sv": (10, 0), "en": (10, 0)}

    text = po_file(root).read_text()
    assert (
        "#. Translators: the button below the form\n"
        "#: contacts/models.py\n"
        'msgid "Save"\n'
        'msgstr ""\n'
    ) in text
    assert "#. Translators: a heading\n" in text
    ids = [line for line in text.splitlines() if line.startswith('msgid "')][1:]
    assert ids == sorted(ids)


def test_update_changes_nothing_when_nothing_changed(root):
    messages.update(root)
    before = po_file(root).read_text()
    (root / "contacts/models.py").write_text("\n\n" + PYTHON)

    assert messages.update(root)["fi"] == (0, 0)
    assert po_file(root).read_text() == before
    assert "Date" not in before


def test_update_keeps_translations_and_drops_what_is_gone(root):
    write(
        root,
        '# Painike\nmsgid "Save"\nmsgstr "Tallenna"\n\n'
        '#, fuzzy\nmsgid "Your requests"\nmsgstr "Toiveesi"\n\n'
        'msgctxt "month"\nmsgid "May"\nmsgstr "toukokuu"\n\n'
        'msgid "%(n)s row"\nmsgid_plural "%(n)s rows"\n'
        'msgstr[0] "%(n)s rivi"\nmsgstr[1] "%(n)s riviä"\n\n'
        'msgid "Gone"\nmsgstr "Poissa"\n',
    )

    assert messages.update(root)["fi"] == (6, 1)

    text = po_file(root).read_text()
    assert 'msgid "Save"\nmsgstr "Tallenna"\n' in text
    assert "# Painike\n" in text
    assert 'fuzzy\nmsgid "Your requests"\nmsgstr "Toiveesi"\n' in text
    assert 'msgctxt "month"\nmsgid "May"\nmsgstr "toukokuu"\n' in text
    assert 'msgstr[1] "%(n)s riviä"\n' in text
    assert "Gone" not in text


def test_a_message_that_gains_a_plural_is_translated_anew(root):
    write(root, 'msgid "%(n)s row"\nmsgstr "%(n)s rivi"\n')

    messages.update(root)

    assert "rivi" not in po_file(root).read_text()


def test_compiled_messages_are_read_and_fuzzy_ones_are_not(root):
    write(
        root,
        'msgid "Save"\nmsgstr "Tallenna"\n\n'
        '#, fuzzy\nmsgid "Your requests"\nmsgstr "Toiveesi"\n\n'
        'msgid "%(n)s row"\nmsgid_plural "%(n)s rows"\nmsgstr[0] ""\nmsgstr[1] ""\n',
    )

    assert messages.compile_messages(root) == [po_file(root).with_suffix(".mo")]

    translations = finnish(root)
    assert translations.gettext("Save") == "Tallenna"
    assert translations.gettext("Your requests") == "Your requests"
    assert translations.ngettext("%(n)s row", "%(n)s rows", 2) == "%(n)s rows"
    assert {path.name for path in po_file(root).parent.iterdir()} == {
        "django.mo",
        "django.po",
    }


def test_only_what_is_newer_is_compiled(root):
    write(root, 'msgid "Save"\nmsgstr "Tallenna"\n')
    os.utime(po_file(root), (1_000_000_000, 1_000_000_000))
    messages.compile_messages(root)

    assert messages.compile_messages(root) == []

    mo_file = po_file(root).with_suffix(".mo")
    os.utime(mo_file, (999_999_999, 999_999_999))
    assert messages.compile_messages(root) == [mo_file]


def test_a_catalogue_for_a_library_is_compiled_and_left_alone(root):
    write(root, 'msgid "Filter"\nmsgstr "Suodata"\n', language="unfold/fi")
    library = po_file(root, "unfold/fi")
    before = library.read_text()

    messages.update(root)

    assert library.with_suffix(".mo") in messages.compile_messages(root)
    assert library.read_text() == before


def test_nothing_is_compiled_where_there_is_nothing(tmp_path):
    assert messages.compile_messages(tmp_path) == []


PLURAL = 'msgid "%(n)s row"\nmsgid_plural "%(n)s rows"\n'


@pytest.mark.parametrize(
    ("source", "catalogue", "problem"),
    [
        ('_("Save")', "", "missing"),
        ('_("Save")', 'msgctxt "x"\nmsgid "Save"\nmsgstr "Tallenna"\n', "missing"),
        ('_("Save")', 'msgid "Save"\nmsgstr ""\n', "untranslated"),
        ('_("Save")', '#, fuzzy\nmsgid "Save"\nmsgstr "Säästä"\n', "fuzzy"),
        ('_("Save")', 'msgid "Save"\nmsgstr "Tallenna"\n', None),
        (
            '_("Hello, {name}!")',
            'msgid "Hello, {name}!"\nmsgstr "Hei, {nimi}!"\n',
            "other placeholders",
        ),
        (
            '_("Hello, {name}!")',
            'msgid "Hello, {name}!"\nmsgstr "{name}, hei {name}!"\n',
            None,
        ),
        (
            '_("%(a)s and %(b)s")',
            'msgid "%(a)s and %(b)s"\nmsgstr "%(b)s ja %(a)s"\n',
            None,
        ),
        (
            '_("%(a)s and %(b)s")',
            'msgid "%(a)s and %(b)s"\nmsgstr "%(a)s"\n',
            "other placeholders",
        ),
        (
            '_("%(a)s of it")',
            'msgid "%(a)s of it"\nmsgstr "%(a)d siitä"\n',
            "other placeholders",
        ),
        ('_("%s of %s")', 'msgid "%s of %s"\nmsgstr "%s"\n', "other placeholders"),
        ('_("%s of %d")', 'msgid "%s of %d"\nmsgstr "%d %s"\n', "other placeholders"),
        ('_("100 %% sure")', 'msgid "100 %% sure"\nmsgstr "aivan varma"\n', None),
        ('_("100 % of it")', 'msgid "100 % of it"\nmsgstr "kaikki"\n', None),
        (
            'ngettext("%(n)s row", "%(n)s rows", 2)',
            'msgid "%(n)s row"\nmsgstr "%(n)s rivi"\n',
            "missing its plural",
        ),
        (
            'ngettext("%(n)s row", "%(n)s rows", 2)',
            PLURAL + 'msgstr[0] "%(n)s rivi"\nmsgstr[1] ""\n',
            "untranslated",
        ),
        (
            'ngettext("%(n)s row", "%(n)s rows", 2)',
            PLURAL + 'msgstr[0] "yksi rivi"\nmsgstr[1] "%(n)s riviä"\n',
            "other placeholders",
        ),
        (
            'ngettext("One row", "%(n)s rows", 2)',
            'msgid "One row"\nmsgid_plural "%(n)s rows"\n'
            'msgstr[0] "Yksi rivi"\nmsgstr[1] "%(n)s riviä"\n',
            None,
        ),
    ],
)
def test_what_people_would_read_wrong_is_listed(root, source, catalogue, problem):
    imports = "from django.utils.translation import gettext as _, ngettext\n"
    only_source(root, imports + source)
    singular = next(iter(messages.collect(root)))[0]
    for language in ("fi", "sv"):
        write(root, catalogue, language=language)

    expected = [
        f"{language}: {problem}: {singular!r} (contacts/models.py)"
        for language in ("fi", "sv")
    ]
    assert messages.check(root) == (expected if problem else [])


def test_commands_say_what_they_did(root, capsys):
    assert main(["update"], root) == 0
    assert capsys.readouterr().out == (
        "fi: 10 new, 0 dropped\nsv: 10 new, 0 dropped\nen: 10 new, 0 dropped\n"
    )

    assert main(["check"], root) == 1
    assert len(capsys.readouterr().out.splitlines()) == 20

    assert main(["compile"], root) == 0
    assert "Compiled locale/fi/LC_MESSAGES/django.mo\n" in capsys.readouterr().out


def test_a_source_that_cannot_be_read_is_named(root):
    only_source(root, "def broken(:\n")

    with pytest.raises(SyntaxError) as caught:
        messages.collect(root)

    assert caught.value.filename == "contacts/models.py"
