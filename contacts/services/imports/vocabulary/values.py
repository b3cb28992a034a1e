"""What cells say: yes and no, languages, and what spreadsheets show instead of a value."""

from __future__ import annotations

YES = frozenset(
    [
        *("1", "k", "kyllä", "kylla", "on", "kielto", "kielletty", "x", "✓", "✔"),
        *("y", "yes", "true", "t", "do not allow", "prohibited", "unsubscribed"),
        *("opted out", "opt out", "tosi", "ei saa"),
        *("ja", "j", "sant", "förbud", "förbjuden"),
    ]
)
NO = frozenset(
    [
        *("0", "e", "ei", "epätosi", "sallittu", "saa"),
        *("n", "no", "false", "f", "off", "allow", "allowed", "subscribed", "opted in"),
        *("nej", "falskt", "tillåten", "tillåtet"),
    ]
)
RELATIONSHIPS: dict[str, tuple[str, ...]] = {
    "customer": ("asiakas", "kund", "client"),
    "prospect": ("prospekti", "mahdollinen asiakas", "lead", "liidi"),
    "other": ("muu", "annan", "övrig"),
}
LANGUAGES: dict[str, tuple[str, ...]] = {
    "fi": ("fi", "fin", "suomi", "finnish", "finska"),
    "sv": ("sv", "swe", "ruotsi", "swedish", "svenska"),
    "en": ("en", "eng", "englanti", "english", "engelska"),
}
# What a spreadsheet shows instead of a value, in its three languages.
SPREADSHEET_ERRORS = frozenset(
    [
        *("#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!", "#calc!"),
        *("#spill!", "#puuttuu!", "#viittaus!", "#arvo!", "#nimi?", "#jako/0!"),
        *("#luku!",),
        *("#tyhjä!", "#saknas!", "#referens!", "#värdefel!", "#namn?", "#division/0!"),
        *("#ogiltigt!", "#skärning!", "#ei_mitään", "#getting_data"),
    ]
)
