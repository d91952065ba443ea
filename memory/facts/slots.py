"""What a fact is about: the many names that models give to one thing, folded into one."""

from __future__ import annotations

import re
import unicodedata

LONGEST_SLOT = 40

_SYNONYMS = {
    "city": "lives_in living_in location home_city home_town current_city residence city_of_residence"
    " place_of_residence"
    " lives resides resides_in based_in base current_location hometown_current where_lives town address_city"
    " living_place",
    "birthday": "birth_date date_of_birth dob birthdate born born_on",
    "birthplace": "place_of_birth born_in hometown home_town_origin origin comes_from from origin_city",
    "job": "occupation profession work job_title position role career works_as employment title",
    "employer": "company works_at workplace works_for employed_by organisation organization firm",
    "name": "full_name real_name called first_name",
    "nickname": "preferred_name goes_by alias call_me",
    "age": "years_old",
    "diet": "dietary_preference dietary_restriction diet_preference dietary eating_habit eats food_restriction",
    "allergy": "allergies allergic_to food_allergy intolerance",
    "pet": "pets animal has_pet pet_name",
    "dog": "dog_name has_dog dogs",
    "cat": "cat_name has_cat cats",
    "partner": "spouse wife husband girlfriend boyfriend married_to partner_name fiance fiancee",
    "relationship": "relationship_status marital_status married",
    "children": "kids number_of_children",
    "language": "spoken_language speaks native_language mother_tongue first_language",
    "languages": "spoken_languages languages_spoken",
    "programming_language": "favourite_programming_language favorite_programming_language coding_language",
    "hobby": "hobbies pastime interest interests hobbies_interests",
    "favorite_food": "favourite_food favorite_dish favourite_dish",
    "favorite_color": "favourite_colour favorite_colour favourite_color",
    "favorite_music": "favourite_music music music_taste favorite_band favourite_band",
    "editor": "code_editor text_editor ide favorite_editor preferred_editor",
    "os": "operating_system computer_os",
    "timezone": "time_zone tz",
    "country": "home_country lives_in_country country_of_residence",
    "nationality": "citizenship",
    "school": "university college studies_at education_place",
    "studies": "field_of_study major subject degree studying",
    "email": "email_address e_mail mail",
    "phone": "phone_number telephone mobile mobile_number",
    "instrument": "plays_instrument musical_instrument plays",
    "car": "vehicle drives",
    "pronouns": "preferred_pronouns",
    "goal": "goals aim ambition",
    "project": "projects current_project working_on side_project",
}
_OF_A_PERSON = """
city birthday birthplace job employer name age diet allergy relationship language languages nationality country school
studies timezone pronouns phone email instrument hobby
"""
OF_A_PERSON = frozenset(_OF_A_PERSON.split())
"""Slots that hold of people as of pets and relatives: `my cat is 12` says nothing of its speaker's age."""

_MEANT = {name: slot for slot, names in _SYNONYMS.items() for name in names.split()}

_PREFIX = re.compile(
    r"^(?:the_)?(?:user|users|my|his|her|their|speaker|person|author)s?_(?:s_)?|^(?:is|has|current|personal)_"
)


def normalise_slot(name: str) -> str:
    """A slot in lower case, its words joined by `_`, under the name that stands for all of its kind; may be empty."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).casefold())
    slot = "_".join(words)
    if slot in _MEANT:
        return _MEANT[slot]
    bare = _PREFIX.sub("", _PREFIX.sub("", slot))
    return _MEANT.get(bare, bare)[:LONGEST_SLOT].rstrip("_")
