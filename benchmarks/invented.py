"""Invented names of people and companies, and what addresses and numbers follow from them."""

from __future__ import annotations

from itertools import product


def _listed(words: str) -> list[str]:
    return words.split()


FIRST_NAMES = _listed(
    "Maria Anna Helena Johanna Kaarina Anneli Kristiina Marjatta Liisa Tuulikki Sofia Elina"
    " Hannele Aino Päivi Marja Annikki Katariina Orvokki Inkeri Eeva Ritva Sari Minna Tiina"
    " Leena Kirsi Satu Outi Riitta Pirjo Heidi Hanna Jaana Mervi Veera Emilia Noora Jenni Åsa"
    " Juhani Johannes Mikael Matti Antero Tapio Olavi Kalevi Tapani Ilmari Oskari Matias Pekka"
    " Timo Jari Kari Mika Juha Antti Jukka Heikki Hannu Markku Pentti Seppo Risto Petri Sami"
    " Marko Janne Ville Lauri Eero Esko Veikko Eetu Aleksi Björn Göran Åke Erik Lars Stig Ulla"
    " Gunilla Märta Pia-Maria Anna-Liisa Juha-Pekka Veli-Matti Zoë René Łukasz Søren"
)
STEMS = _listed(
    "Aalto Aho Haapa Haka Halla Harju Heinä Hieta Holma Honka Huhta Hyvä Ilma Joki Järvi Kaisla"
    " Kallio Kangas Karhu Kataja Kaski Keto Kivi Koivu Korpi Koski Kuusi Laakso Lahti Laine"
    " Lampi Lehti Leppä Linna Luoto Maa Malmi Mansikka Metsä Mylly Mäki Mänty Nieme Niitty Nurmi"
    " Oja Paju Pelto Pihla Pohja Puro Pöllä Raja Ranta Rauta Ruoho Saari Salo Sauna Seppä Sorsa"
    " Suo Suvi Syrjä Tamme Tervo Tuomi Tuuli Törmä Uotila Uusi Valta Vesi Viita Virta Vuori Ylä"
)
ENDINGS = _listed(
    "nen la lä laakso lahti lampi lehto linna luoma maa mäki metsä niemi niitty oja palo pelto"
    " perä puro ranta rinne saari salo suo tie vaara valli vesi vuo vuori"
)
TRADES = _listed(
    "Rakennus Huolto Tekniikka Sähkö Putki Kuljetus Logistiikka Konsultointi Tilitoimisto Kiinteistöt"
    " Puutarha Leipomo Kahvila Ravintola Kampaamo Optiikka Apteekki Hammas Fysio Media Mainos Paino"
    " Ohjelmistot Data Turva Siivous Maalaus Metalli Puu Energia"
)
# Shared by many: the domains of mail providers.
PROVIDERS = ("posti", "sahkoposti", "mejl", "kotiposti", "webmail", "netti")
STREETS = (
    "Koulukatu",
    "Rantatie",
    "Asemakatu",
    "Kirkkotie",
    "Mäkikuja",
    "Hallituskatu",
)
TOWNS = (
    "Helsinki",
    "Espoo",
    "Tampere",
    "Turku",
    "Oulu",
    "Jyväskylä",
    "Vaasa",
    "Porvoo",
)
LAST_NAMES = [stem + ending for ending, stem in product(ENDINGS, STEMS)]


def company_name(number: int) -> str:
    """Return the name of company number so-and-so; the first 600,000 differ."""
    rest, place = divmod(number, len(LAST_NAMES))
    town, trade = divmod(rest, len(TRADES))
    name = f"{LAST_NAMES[place]} {TRADES[trade]}"
    name = f"{name} {TOWNS[town % len(TOWNS)]}" if town else name
    return f"Tmi {name}" if number % 10 == 0 else f"{name} Oy"


def slug(name: str) -> str:
    """Return a name as it stands in addresses."""
    from register.identifiers import normalise_name

    return normalise_name(name).replace(" ", "-")


def domain_of(company: str, place: int) -> str:
    """Return the mail domain of a company."""
    return f"{slug(company)}{place}.example"


def business_id_of(number: int) -> str:
    """Return the valid business id number so-and-so, each another."""
    digits = 1_000_000 + number * 11
    while True:
        weighted = zip(f"{digits:07}", (7, 9, 10, 5, 8, 4, 2), strict=True)
        remainder = sum(int(digit) * weight for digit, weight in weighted) % 11
        if remainder != 1:
            return f"{digits:07}-{(11 - remainder) % 11}"
        digits += 1
