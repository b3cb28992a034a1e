"""What columns are called, and which known columns are not taken."""

from __future__ import annotations

import functools

from contacts.services.imports.vocabulary.keys import key, key_without_number
from contacts.services.imports.vocabulary.own_columns import own_columns

# By the code of the target; a name that stands earlier wins over one that stands later
# if a file has both. Columns with the same name but a number ("E-mail 2 - Value") count
# as the name without it.
HEADINGS: dict[str, tuple[str, ...]] = {
    "first_name": (
        *("first name", "given name", "forename", "person first name", "fname"),
        *("etunimi", "etunimet", "kutsumanimi", "yhteyshenkilön etunimi"),
        *("förnamn", "tilltalsnamn", "kontaktpersonens förnamn"),
    ),
    "last_name": (
        *("last name", "surname", "family name", "person last name", "lname"),
        *("sukunimi", "yhteyshenkilön sukunimi"),
        *("efternamn", "släktnamn", "kontaktpersonens efternamn"),
    ),
    "full_name": (
        *("full name", "contact name", "person name", "contact person", "display name"),
        *("name", "contact", "recipient name", "your name", "whole name"),
        *("koko nimi", "yhteyshenkilö", "yhteyshenkilön nimi", "henkilön nimi", "nimi"),
        *("osallistujan nimi", "vastaanottaja", "etu- ja sukunimi"),
        *("sukunimi ja etunimi",),
        *("fullständigt namn", "kontaktperson", "kontaktpersonens namn", "namn"),
        *("kontakt", "för- och efternamn", "deltagarens namn"),
    ),
    "email": (
        *("email", "email address", "primary email", "work email", "business email"),
        *("email value", "mail", "contact email", "additional email addresses"),
        *("person email work", "person email", "person email home"),
        *("person email other",),
        *("sähköposti", "sähköpostiosoite", "s-posti", "sähköp", "meili"),
        *("spostiosoite",),
        *("yhteyshenkilön sähköposti", "työsähköposti", "email osoite"),
        *("e-post", "e-postadress", "mejl", "mejladress", "mailadress", "e-mailadress"),
    ),
    "phone": (
        *("phone", "phone number", "telephone", "telephone number", "tel"),
        *("work phone",),
        *("business phone", "office phone", "phone value", "direct phone"),
        *("other phone",),
        *("person phone work", "person phone", "person phone other", "home phone"),
        *("person phone home", "primary phone", "contact phone"),
        *("puhelin", "puhelinnumero", "puh", "puhnro", "puhelinnro", "työpuhelin"),
        *("puhelin työ", "puhelin 1", "yhteyshenkilön puhelin", "suora numero"),
        *("telefon", "telefonnummer", "tfn", "tel nr", "direkttelefon"),
        *("arbetstelefon",),
    ),
    "mobile": (
        *("mobile", "mobile phone", "mobile phone number", "mobile number", "cell"),
        *("cell phone", "person phone mobile", "mobiletelephone"),
        *("matkapuhelin", "matkapuhelinnumero", "matkapuh", "gsm", "gsm-numero"),
        *("kännykkä", "kännykkänumero", "mobiili"),
        *("mobil", "mobiltelefon", "mobilnummer", "mobiltelefonnummer"),
    ),
    "job_title": (
        *("job title", "position", "organization title", "person job title", "title"),
        *("role", "occupation"),
        *("tehtävänimike", "ammattinimike", "titteli", "nimike", "tehtävä", "asema"),
        *("rooli", "virkanimike"),
        *("befattning", "yrkestitel", "tjänstetitel", "titel", "roll"),
    ),
    "company_name": (
        *("company name", "company", "account name", "account", "organization name"),
        *("organisation name", "organization", "organisation", "employer", "workplace"),
        *("person organization", "parent customer", "customer name", "customer"),
        *("name of the company",),
        *("yrityksen nimi", "yritys", "yhtiö", "yhtiön nimi", "organisaatio"),
        *("organisaation nimi", "työnantaja", "asiakasyritys", "firma", "työpaikka"),
        *("asiakkaan nimi", "asiakas", "toiminimi", "yhteisö"),
        *("företagets namn", "företagsnamn", "företag", "bolag", "bolagets namn"),
        *("organisation namn", "arbetsgivare", "kundens namn", "kund"),
    ),
    "business_id": (
        *("business id", "vat number", "vat id", "vat", "company registration number"),
        *("business id of the company", "company id", "registration number"),
        *("y-tunnus", "yrityksen y-tunnus", "ly-tunnus", "alv-numero", "alv-tunnus"),
        *("fo-nummer", "fo nr", "företags- och samfundssignum", "organisationsnummer"),
        *("orgnr", "org nummer", "momsnummer", "moms nr"),
    ),
    "street": (
        *("street address", "street", "mailing street", "business street", "address"),
        *("address street", "address line", "mailing address", "postal address"),
        *("organization address",),
        *("katuosoite", "lähiosoite", "postiosoite", "jakeluosoite", "käyntiosoite"),
        *("osoite",),
        *("gatuadress", "utdelningsadress", "postadress", "besöksadress", "adress"),
    ),
    "postcode": (
        *("postcode", "postal code", "zip code", "zip", "zip postal code"),
        *("mailing zip postal code", "mailing postal code", "business postal code"),
        *("address zip postal code", "address postal code", "post code"),
        *("postinumero", "postinro", "pnro", "posti nro"),
        *("postnummer", "postnr"),
    ),
    "town": (
        *("city", "town", "mailing city", "business city", "address city", "locality"),
        *("postitoimipaikka", "toimipaikka", "kaupunki", "paikkakunta", "kunta"),
        *("postort", "ort", "stad", "kommun"),
    ),
    "language": (
        *("language", "preferred language", "contact language", "locale"),
        *("kieli", "asiointikieli", "palvelukieli"),
        *("språk", "kontaktspråk", "betjäningsspråk"),
    ),
    "preferred_name": (
        *("preferred name", "nickname", "known as", "puhuttelunimi", "lempinimi"),
        *("kallas för", "smeknamn"),
    ),
    "department": (*("department", "unit", "osasto", "yksikkö", "avdelning", "enhet"),),
    "duties": (
        *("duties", "duty", "responsibilities", "vastuualueet", "vastuualue"),
        *("tehtävät", "ansvarsområden", "ansvarsområde"),
    ),
    "country": (
        *("country", "country region", "mailing country", "address country", "maa"),
        *("country code", "maakoodi", "land", "landskod"),
    ),
    "address_usage": (
        *("use of the address", "address type", "osoitteen käyttö", "osoitelaji"),
        *("osoitetyyppi", "adresstyp", "adressens användning"),
    ),
    "address_from": (
        *("address valid from", "osoite alkaen", "osoite voimassa alkaen"),
        *("adress från och med",),
    ),
    "address_to": (
        *("address valid to", "osoite päättyen", "osoite voimassa asti"),
        *("adress till och med",),
    ),
    "interests": (
        *("interests", "interested in", "topics of interest", "kiinnostuksen kohteet"),
        *("kiinnostukset", "intressen", "intresseområden"),
    ),
    "company_kind": (
        *("kind of company", "legal form", "company form", "yhtiömuoto"),
        *("yritysmuoto", "asiakastyyppi", "bolagsform", "företagsform"),
    ),
    "company_status": (
        *("status of the company", "company status", "yrityksen tila"),
        *("företagets status",),
    ),
    "responsible": ("responsible", "responsible email"),
    "team": ("team", "tiimi"),
    "relationship": ("relationship", "suhde", "asiakassuhde", "relation"),
    # The reader says which numbers these are: "id" alone may be anyone's.
    "record_number": ("number of the record in this register",),
    "external_id": ("number in the other system", "external id"),
    "email_undeliverable": (
        *("clean time", "cleaned at", "bounced", "bounced at", "hard bounced"),
        *("email bounced", "email bounced date", "undeliverable"),
        *("palautunut", "palautuneet", "ei perille", "osoite ei toimi"),
        *("studsat", "studsade", "obeställbar", "kan inte levereras"),
    ),
    "marketing_prohibited": (
        *("direct marketing prohibited", "marketing prohibited", "do not contact"),
        *("do not market", "refuses direct marketing", "no marketing"),
        *("suoramarkkinointikielto", "markkinointikielto", "mainoskielto", "sm-kielto"),
        *("ei markkinointia", "ei suoramarkkinointia", "ei saa markkinoida"),
        *("förbud mot direktmarknadsföring", "direktmarknadsföringsförbud"),
        *("marknadsföringsförbud", "reklamförbud", "ingen reklam", "ej reklam"),
    ),
    "email_marketing_prohibited": (
        *("unsubscribed from all email", "unsubscribed", "email opt out", "opt out"),
        *("email opted out", "opted out", "has opted out of email", "do not email"),
        *("do not allow emails", "do not allow bulk emails", "do not bulk email"),
        *("refuses marketing by e-mail",),
        *("sähköpostikielto", "sähköpostimarkkinointikielto", "uutiskirjekielto"),
        *("sähköinen suoramarkkinointikielto", "sähköinen markkinointikielto"),
        *("ei sähköpostia", "ei uutiskirjettä"),
        *("förbud mot e-postreklam", "e-postförbud", "ingen e-post", "ej e-post"),
        *("förbud mot elektronisk direktmarknadsföring",),
    ),
    "email_unsubscribed_at": (
        *("unsub time", "unsubscribe date", "unsubscribed at", "unsubscribed on"),
        *("unsubscribe time", "opt out date", "opted out at", "email opt out date"),
        *("tilaus peruttu", "tilaus peruutettu", "peruutuspäivä", "uutiskirje peruttu"),
        *("avregistrerad", "avprenumererad", "avanmäld"),
    ),
    "phone_marketing_prohibited": (
        *("do not call", "do not allow phone calls", "do not phone", "no calls"),
        *("refuses marketing by telephone",),
        *("puhelinmarkkinointikielto", "puhelinkielto", "soittokielto", "ei soittoja"),
        *("telefonmarknadsföringsförbud", "telefonförbud", "förbud mot telefonreklam"),
    ),
}
# Columns that are known and not taken. Nothing is left out without saying so.
NOT_TAKEN: dict[str, tuple[str, ...]] = {
    "permission": (
        *("optin time", "optin ip", "confirm time", "confirm ip", "opt in"),
        *("email opt in",),
        *("subscribed", "consent", "gdpr consent", "marketing permission"),
        *("newsletter",),
        *("legal basis for processing contacts data", "marketing contact status"),
        *("markkinointilupa", "suoramarkkinointilupa", "sähköpostilupa", "uutiskirje"),
        *("uutiskirjelupa", "lupa", "suostumus", "markkinointisuostumus"),
        *("uutiskirjeen tilaaja",),
        *("marknadsföringstillstånd", "samtycke", "tillstånd", "nyhetsbrev"),
    ),
    "technical": (
        *("record id", "id", "leid", "euid", "contact id", "account id", "person id"),
        *("create date", "created", "created at", "created on", "created date"),
        *("person created",),
        *("last modified date", "last changed", "last modified", "modified on"),
        *("modified",),
        *("latitude", "longitude", "gmtoff", "dstoff", "timezone", "time zone", "cc"),
        *("region",),
        *("do not modify contact", "do not modify row checksum"),
        *("do not modify modified on",),
        *("luotu", "luontipäivä", "muokattu", "päivitetty", "asiakasnumero"),
        *("tunniste",),
        *("skapad", "ändrad", "uppdaterad", "kundnummer"),
    ),
    "activity": (
        *("member rating", "lifecycle stage", "lead status", "lead source", "rating"),
        *("status",),
        *("last activity date", "last contacted", "annual revenue", "tila", "skede"),
    ),
    "notes": (
        *("notes", "note", "comments", "comment", "description", "remarks"),
        *("huomautukset", "huomautus", "huom", "muistiinpanot", "lisätiedot"),
        *("kommentti",),
        *("anteckningar", "anmärkningar", "anmärkning", "kommentar", "kommentarer"),
    ),
    "tags": (
        *("tags", "labels", "groups", "group membership", "categories", "segment"),
        *("tunnisteet", "ryhmät", "ryhmä", "luokka", "luokat", "kategoria"),
        *("taggar", "etiketter", "grupper", "grupp", "kategori"),
    ),
    "owner": (
        *("contact owner", "account owner", "owner", "person owner", "sales person"),
        *("vastuuhenkilö", "myyjä", "omistaja", "asiakasvastaava"),
        *("ansvarig", "säljare", "ägare", "kundansvarig"),
    ),
    "private": (
        *("birthday", "birthdate", "date of birth", "gender", "social security number"),
        *("spouse", "children", "hobby", "religion", "anniversary"),
        *("hetu", "henkilötunnus", "sotu", "syntymäaika", "syntymäpäivä", "sukupuoli"),
        *("personbeteckning", "personnummer", "födelsedatum", "födelsedag", "kön"),
    ),
}


@functools.cache
def meanings() -> dict[str, tuple[str, int]]:
    """Return the target of each known name, with its rank among those of the target."""
    found: dict[str, tuple[str, int]] = {}
    for code, names in HEADINGS.items():
        for rank, name in enumerate(names):
            found.setdefault(key(name), (code, rank))
    return found


@functools.cache
def reasons_not_to_take() -> dict[str, str]:
    """Return why a column of a known name is not taken, as a code."""
    return {key(name): code for code, names in NOT_TAKEN.items() for name in names}


def is_heading(cell: str) -> bool:
    """Whether a cell is a name of a column that is known, taken or not."""
    own = {name for pair in own_columns() for name in pair}
    return any(
        found in meanings() or found in own or found in reasons_not_to_take()
        for found in (key(cell), key_without_number(cell))
        if found
    )
