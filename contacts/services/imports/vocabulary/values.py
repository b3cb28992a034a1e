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
USAGES: dict[str, tuple[str, ...]] = {
    "work": ("työ", "työosoite", "business", "office", "arbete", "jobb"),
    "home": ("koti", "kotiosoite", "private", "hem", "bostad"),
    "invoicing": ("laskutus", "laskutusosoite", "billing", "invoice", "fakturering"),
    "other": ("muu", "annan", "övrig"),
}
COMPANY_KINDS: dict[str, tuple[str, ...]] = {
    "company": ("yritys", "yhtiö", "oy", "ab", "oyj", "företag", "bolag"),
    "sole_trader": (
        *("sole trader", "toiminimi", "tmi", "t:mi", "elinkeinonharjoittaja"),
        *("yksityinen elinkeinonharjoittaja", "firma", "enskild näringsidkare"),
    ),
    "consumer": (
        *("kuluttaja", "kotitalous", "yksityishenkilö", "household", "private person"),
        *("konsument", "hushåll", "privatperson"),
    ),
    "association": (
        *("yhdistys", "ry", "yhteisö", "säätiö", "community", "foundation"),
        *("förening", "rf", "samfund", "stiftelse"),
    ),
}
COMPANY_STATUSES: dict[str, tuple[str, ...]] = {
    "prospect": ("prospekti", "mahdollinen asiakas", "lead", "liidi"),
    "customer": ("asiakas", "kund", "client"),
    "former": ("entinen asiakas", "entinen", "former customer", "tidigare kund"),
    "other": ("muu", "annan", "övrig"),
}
# By the code of ISO 3166; every two letters are a code as well.
COUNTRIES: dict[str, tuple[str, ...]] = {
    "FI": ("finland", "suomi"),
    "SE": ("sweden", "ruotsi", "sverige"),
    "NO": ("norway", "norja", "norge"),
    "DK": ("denmark", "tanska", "danmark"),
    "IS": ("iceland", "islanti", "island"),
    "EE": ("estonia", "viro", "estland"),
    "LV": ("latvia", "lettland"),
    "LT": ("lithuania", "liettua", "litauen"),
    "DE": ("germany", "saksa", "tyskland"),
    "AX": ("åland", "ahvenanmaa"),
    "GB": ("united kingdom", "great britain", "iso-britannia", "storbritannien", "uk"),
    "US": ("united states", "usa", "yhdysvallat", "förenta staterna"),
    "NL": ("netherlands", "alankomaat", "hollanti", "nederländerna"),
    "FR": ("france", "ranska", "frankrike"),
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
