"""By which words a sentence tells that its speaker denies, supposes or asks something, or speaks of somebody else.

A table a language. What a table does not know makes a sentence less likely to be taken for a statement, never more:
a sentence in a language without a table states nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """The cues of one language; a cue that never occurs is a pattern that matches nothing.

    `common` are the words by which it is known. `own` are the subjects that are the speaker, `others` those that are
    not, and go first where both fit. `spoken` says whether a statement about oneself names the speaker at all.
    """

    common: frozenset[str]
    own: re.Pattern[str]
    others: re.Pattern[str]
    denied: re.Pattern[str]
    supposed: re.Pattern[str]
    reported: re.Pattern[str]
    asking: re.Pattern[str]
    spoken: bool = True


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def _table(common: str, own: str, others: str, denied: str, supposed: str, reported: str, asking: str) -> Language:
    return Language(
        frozenset(common.split()),
        own=_words(own),
        others=_words(others),
        denied=_words(denied),
        supposed=_words(supposed),
        reported=_words(reported),
        asking=re.compile(rf"\s*(?:{asking})(?!\w)", re.IGNORECASE),
    )


def _signs(others: str, denied: str, supposed: str, reported: str, asking: str) -> Language:
    """A language whose words stand without spaces, and whose sentences often leave the speaker out."""
    return Language(
        frozenset(),
        own=re.compile(r"(?!)"),
        others=re.compile(others),
        denied=re.compile(denied),
        supposed=re.compile(supposed),
        reported=re.compile(reported),
        asking=re.compile(asking),
        spoken=False,
    )


_NAMED = (
    r"(?-i:(?!(?:We|And|But|So|Also|It|This|That|There|What|Wir|Und|Es|Das|Nous|Je|Et|Ce|Yo|Io|Eu|Ik|Wij|Het|En|Que"
    r"|Che)\b)"
    r"[A-ZÀ-ÖØ-Þ][\w'’-]{1,60}+) "
)
"""Before a verb in the third person: somebody's name."""

_PERSON_EN = (
    "sister|brother|sibling|mother|mom|mum|mama|father|dad|papa|parent|wife|husband|spouse|partner|fianc[ée]e?"
    "|girlfriend"
    "|boyfriend|son|daughter|kid|child|children|baby|uncle|aunt|cousin|niece|nephew|grand\\w+|friend|buddy|mate"
    "|roommate"
    "|flatmate|neighbou?r|colleague|co-?worker|boss|manager|teacher|doctor|landlord|client|family|ex|gf|bf|bro|sis|team"
)

ENGLISH = _table(
    common="i'm i’m im i've my me we our am the is and have of at live work in to a was name",
    own=r"(?:i|we)(?:['’](?:m|ve|re|ll|d))?|im|ive|mine|(?:my|our)(?: \w+)?|calls? me|(?:for|with) me|me and \w+",
    others=r"(?:my|our|his|her|their|your|a|an|the|some|one of (?:my|our)) (?:(?!name|favou?rite)\w+ )?"
    rf"(?:{_PERSON_EN})(?:s|['’]s?)?"
    r"|(?:he|she|they|you|u|someone|somebody|everyone|everybody|nobody|people|who)(?:['’]\w+)?|his|her|hers|their|your"
    rf"|{_NAMED}(?:is|was|has|had|lives?|works|likes|loves|hates|wants|thinks|got|moved|can|does|plays|prefers|uses)"
    rf"|{_NAMED}(?:speaks|studies|comes|owns|needs|and i|knows|went|goes|eats|drinks|writes|runs|will|would)",
    denied=r"not|never|no|none|neither|nor|without|hardly|barely|cannot|can['’]?t|won['’]?t|\w+n['’]t|dont|doesnt|didnt"
    r"|isnt|wasnt|arent|havent|no longer|any ?more|used to|formerly|previously|once|quit|stopped|gave up|i lived|lived"
    r"|except|instead of|rather than|far from"
    r"|moved (?:away|out)|(?:i|we|have|['’]ve|just|recently) left(?![ -]hand)|divorced|broke up|separated from"
    r"|an? (?:lie|myth)|lies|false|untrue|not true|wrong",
    supposed=r"if|unless|whether|suppose\w*|supposing|imagin\w+|pretend\w*|assum\w+|let['’]?s say|say (?:i|my)"
    r"|hypothetic\w+"
    r"|would(?:['’]ve)?|(?:i|we)['’]d|could|should|might|(?-i:may)(?! \d)|maybe|perhaps|possibly|probably|wish\w*"
    r"|hop(?:e|ing)"
    r"|want(?:ed)? to|wanna|plan(?:ning|s)?|think(?:ing)? (?:of|about)|consider\w*|dream\w*|someday|one day|in case"
    r"|almost"
    r"|as though|guess|not sure|going to|gonna|will|(?:i|we)['’]ll|considering|tempted|try(?:ing)? to|ought|like to be",
    reported=r"said|says?|told|tells?|claims?|claimed|asked|asks|wrote|writes|heard|according to|apparently|supposedly"
    r"|rumou?r\w*|quot\w+|thinks|insists?|believes?|swears?|pretends?",
    asking=r"do|does|did|am|is|are|was|were|can|could|should|would|will|have|has|what|where|who|when|why|how|which"
    r"|whose"
    r"|any|and you|you|u|anyone|does anyone|guess",
)

_PERSON_DE = (
    "schwester|bruder|geschwister|mutter|mama|mutti|vater|papa|vati|eltern|frau|mann|ehe\\w+|freund(?:in)?"
    "|partner(?:in)?"
    "|verlobte\\w?|sohn|söhne|tochter|töchter|kind(?:er)?|onkel|tante|oma|opa|groß\\w+|cousin\\w*|neffe|nichte"
    "|chef(?:in)?"
    "|kolleg\\w+|nachbar\\w*|mitbewohner\\w*|lehrer\\w*|arzt|ärztin|familie|baby"
)

GERMAN = _table(
    common="ich mein meine meinen mir mich bin habe und der die das ist nicht wir ein eine wohne arbeite heiße auf"
    " mit für",
    own=r"ich|wir|mir|mich|(?:mein|unser)\w*(?: \w+)?",
    others=rf"(?:mein|unser|sein|ihr|dein|euer|eur|ein|der|die|das)\w{{0,2}} (?:\w+ )?(?:{_PERSON_DE})(?:s|n|en)?"
    r"|er|sie|du|ihr|man|jemand|niemand|leute|(?:sein|ihr|dein|euer|eur)\w{0,2}"
    rf"|{_NAMED}(?:ist|hat|wohnt|lebt|arbeitet|heißt|mag|liebt|sagt|meint|kommt|war|kann|will)",
    denied=r"nicht|nichts|kein\w*|nie|niemals|nirgend\w*|weder|noch nie|ohne|früher|ehemals|damals|wohnte|lebte|statt"
    r"|aufgehört|außer|\w+gezogen|verlassen|gekündigt|getrennt|geschieden|gelogen|lüge|falsch",
    supposed=r"wenn|falls|sofern|ob|würd\w+|wär\w+|hätt\w+|könnt\w+|möcht\w+|dürft\w+|vielleicht|eventuell|vermutlich"
    r"|wahrscheinlich|angenommen|stell dir|hoff\w+|wünsch\w+|will|wollen|werde|werden|überleg\w+|plane|planen"
    r"|sollt\w+|fast"
    r"|als ob|träum\w+|irgendwann",
    reported=r"sagt\w*|gesagt|meint\w*|behaupt\w+|erzähl\w+|angeblich|laut|gehört|frag\w+|schreibt|schrieb|denkt"
    r"|glaubt",
    asking=r"wo|wer|was|wann|warum|wie|welche\w*|bin|habe|kann|soll|darf|ist|sind|und du|und ihr|du|hast|kennt|gibt",
)

_PERSON_FR = (
    "sœur|soeur|frère|mère|maman|père|papa|femme|mari|épouse|époux|copain|copine|amie?|fils|fille|enfants?|bébé"
    "|parents?"
    "|oncle|tante|cousine?|neveu|nièce|grand-\\w+|chef|patronn?e?|collègue|voisine?|coloc\\w*|médecin|prof\\w*|famille"
)

FRENCH = _table(
    common="je j'ai j'habite mon ma mes suis le les est et nous un une du des au aux à dans travaille m'appelle pas",
    own=r"je|j['’]\w*|moi|m['’]\w+|me|nous|(?:mon|ma|mes|notre|nos)(?: \w+)?",
    others=rf"(?:mon|ma|mes|notre|nos|son|sa|ses|leurs?|ton|ta|tes|votre|vos|un|une|le|la|les) (?:\w+"
    rf" )?(?:{_PERSON_FR})s?"
    r"|ils?|elles?|tu|vous|quelqu['’]un|on|(?:son|sa|ses|leurs?|ton|ta|tes|votre|vos)"
    rf"|{_NAMED}(?:est|a|habite|vit|travaille|aime|dit|vient|était|s['’]appelle|veut|peut)",
    denied=r"ne|n['’]\w+|pas|jamais|aucune?|ni|sans|ancienn?e?|autrefois|avant|sauf|arrêté|habitais|vivais",
    supposed=r"si|s['’]ils?|peut-être|voudrai\w+|aimerai\w+|serai\w+|pourrai\w+|aurai\w+|devrai\w+|irai\w+|\w+erais"
    r"|souhait\w+|espèr\w+|imagin\w+|suppos\w+|envisag\w+|veux|vais|presque|rêv\w+|un jour|sans doute|probablement",
    reported=r"dit|disait|disent|raconte\w*|selon|paraît|prétend\w*|demand\w+|écrit|pense",
    asking=r"est-ce|où|qui|que|quoi|quand|pourquoi|comment|quel\w*|et toi|et vous|tu|vous|suis-je|ai-je",
)

_PERSON_ES = (
    "herman[oa]s?|madre|mamá|padres?|papá|espos[oa]|mujer|marido|novi[oa]|pareja|amig[oa]s?|hij[oa]s?|beb[ée]"
    "|tí[oa]|tio|tia"
    "|prim[oa]s?|sobrin[oa]|abuel[oa]s?|jef[ea]|compañer[oa]s?|vecin[oa]s?|profesora?|médic[oa]|familia"
)

SPANISH = _table(
    common="yo mi mis soy el los las es y vivo tengo me un una trabajo de en con llamo estoy del al gusta",
    own=r"yo|nosotr[oa]s|me|mí|(?:mis?|nuestr[oa]s?)(?: \w+)?|soy|estoy|vivo|trabajo|tengo|prefiero|estudio|hablo"
    r"|uso|odio|amo"
    r"|nací|juego|bebo|necesito|llevo|cumplo|toco|programo|escribo|leo|vengo|conduzco",
    others=rf"(?:mis?|nuestr[oa]s?|sus?|tus?|un|una|el|la|los|las) (?:\w+ )?(?:{_PERSON_ES})"
    r"|él|ellas?|ellos|tú|ustedes|usted|alguien|sus?|tus?"
    rf"|{_NAMED}(?:es|está|tiene|vive|trabaja|se llama|dice|viene|era|quiere|puede)",
    denied=r"no|nunca|jamás|tampoco|ni|sin|ningun\w*|antes|excepto|dejé|vivía|en vez",
    supposed=r"si|quizás?|tal vez|ojalá|quisiera|gustaría|podría|sería|tendría|viviría|haría|iría|habría|querría|espero"
    r"|imagin\w+|supon\w+|pienso|voy a|a lo mejor|quiero|casi|sueñ\w+|algún día|probablemente",
    reported=r"dice[ns]?|dijo|dijeron|según|cuenta\w*|contó|pregunt\w+|afirma|escribió|cree",
    asking=r"dónde|quién|qué|cuándo|por qué|cómo|cuál\w*|y tú|y usted|tú|soy yo",
)

_PERSON_IT = (
    "sorell[ae]|fratell[oi]|madre|mamma|padre|papà|genitori|moglie|marito|ragazz[oa]|fidanzat[oa]|compagn[oa]"
    "|amic[oahi]+"
    "|figli[oae]?|zi[oa]|cugin[oa]|nipote|nonn[oai]|capo|collegh?[aei]|vicin[oa]|coinquilin[oa]|professore\\w*"
    "|medico|famiglia"
)

ITALIAN = _table(
    common="io mio mia miei sono il lo gli è e di ho mi un una vivo abito lavoro che nel con chiamo piace da",
    own=r"io|noi|mi|me|(?:mi[oae]|miei|nostr[oaie])(?: \w+)?|sono|ho|vivo|abito|lavoro|preferisco|studio|parlo|uso"
    r"|odio|amo|gioco"
    r"|suono|bevo|scrivo|leggo|vengo|guido",
    others=rf"(?:(?:il|la|lo|i|le) )?(?:mi[oae]|miei|nostr[oaie]|su[oaei]+|tu[oaei]+|loro|un|una|il|la) (?:\w+"
    rf" )?(?:{_PERSON_IT})"
    r"|lui|lei|loro|tu|voi|qualcuno|su[oaei]+|tu[oaei]+"
    rf"|{_NAMED}(?:è|ha|vive|abita|lavora|si chiama|dice|viene|era|vuole)",
    denied=r"non|mai|nessun\w*|né|senza|prima|tranne|smesso|vivevo|abitavo|invece",
    supposed=r"se|forse|magari|vorrei|sarei|potrei|avrei|dovrei|\w+erei|spero|immagin\w+|suppon\w+|penso di|voglio"
    r"|quasi|sogn\w+"
    r"|un giorno|probabilmente",
    reported=r"dice|dicono|disse|detto|secondo|racconta\w*|chie(?:de|sto)\w*|scritto|crede",
    asking=r"dove|chi|che|cosa|quando|perché|come|quale\w*|e tu|e voi|tu",
)

_PERSON_PT = (
    "irmãos?|irmãs?|mãe|mamãe|pais?|papai|espos[oa]|mulher|marido|namorad[oa]|parceir[oa]|amig[oa]s?|filh[oa]s?"
    "|bebê|ti[oa]"
    "|prim[oa]s?|sobrinh[oa]|avós?|avôs?|chefe|colegas?|vizinh[oa]s?|professora?|médic[oa]|família"
)

PORTUGUESE = _table(
    common="eu meu minha meus sou o os é e em moro tenho me um uma não do da na no com trabalho gosto chamo",
    own=r"eu|nós|me|mim|(?:meus?|minhas?|noss[oa]s?)(?: \w+)?|sou|estou|moro|vivo|trabalho|tenho|prefiro|estudo"
    r"|falo|uso|gosto"
    r"|odeio|amo|nasci|jogo|bebo|preciso|toco|programo|escrevo|leio|venho|dirijo",
    others=rf"(?:(?:o|a|os|as) )?(?:meus?|minhas?|noss[oa]s?|seus?|suas?|teus?|tuas?|um|uma|o|a|os|as) (?:\w+"
    rf" )?(?:{_PERSON_PT})"
    r"|el[ea]s?|você[s]?|tu|alguém|seus?|suas?|del[ea]s?|teus?|tuas?"
    rf"|{_NAMED}(?:é|está|tem|mora|vive|trabalha|se chama|diz|vem|era|quer)",
    denied=r"não|nunca|jamais|nem|sem|nenhum\w*|antes|exceto|parei|morava|vivia",
    supposed=r"se|talvez|gostaria|queria|poderia|seria|teria|moraria|faria|iria|espero|imagin\w+|supon\w+|penso em"
    r"|quero|vou"
    r"|quase|sonho|um dia|provavelmente",
    reported=r"disse\w*|diz|dizem|segundo|cont(?:a|ou)|pergunt\w+|escreveu|acha",
    asking=r"onde|quem|que|quando|por que|como|qual|quais|e você|e tu|você",
)

_PERSON_NL = (
    "zus(?:sen)?|broer(?:s)?|moeder|mama|vader|papa|ouders?|vrouw|man|vriend(?:in)?|partner|zoon|dochter"
    "|kind(?:eren)?|baby|oom"
    "|tante|oma|opa|neef|nicht|baas|collega|buur\\w*|huisgenoot|leraar|dokter|gezin|familie"
)

DUTCH = _table(
    common="ik mijn m'n ben heb de het een en is in woon werk wij we met van op heet naam niet",
    own=r"ik|wij|we|mij|(?:mijn|m['’]n|ons|onze)(?: \w+)?",
    others=rf"(?:mijn|m['’]n|ons|onze|zijn|haar|hun|jouw|je|een|de|het) (?:\w+ )?(?:{_PERSON_NL})s?"
    rf"|hij|zij|ze|jij|je|jullie|u|iemand|haar|hun|jouw|{_NAMED}(?:is|heeft|woont|werkt|heet|zegt|komt|was|wil|kan)",
    denied=r"niet|geen|nooit|nergens|zonder|niemand|vroeger|woonde|gestopt|behalve",
    supposed=r"als (?:ik|je|jij|hij|zij|ze|we|wij|het|er|u|mijn|de)|indien|of ik|misschien|wellicht|zou(?:den)?"
    r"|hoop|wens|stel|wil|willen|mocht|waarschijnlijk|ga|bijna|droom|ooit"
    r"|overweeg",
    reported=r"zegt|zei|zeggen|volgens|vertel\w+|vr(?:aagt|oeg)|beweert|schreef|denkt|gehoord",
    asking=r"waar|wie|wat|wanneer|waarom|hoe|welke?|en jij|en jullie|ben|heb|kan|jij|je",
)

JAPANESE = _signs(
    others=r"彼女?|あの人|あなた|君|みんな|[妹姉兄弟母父妻夫嫁]|友[達人]|主人|息子|娘|同僚|上司|家族|彼氏|先生[はがの]|さん[はがのも]",
    denied=r"ない|なかった|ません|じゃな|ではな|ずに|やめ|以前|昔",
    supposed=r"もし|たら|れば|なら|かも|だろう|でしょう|たい(?:です|な|と|ん|。|$)|つもり|と思|はず|仮に|気がする|予定|ほしい|欲しい",
    reported=r"と言|って言|そうです|らしい|によると|とのこと|と聞|という",
    asking=r"[？?]|か(?:な|しら)?[。？?]?\s*$|どこ|だれ|誰|なに|何[がをで]|いつ",
)

CHINESE = _signs(
    others=r"(?<![其吉])[他她]|[你您]|(?:妹妹|姐姐|哥哥|弟弟|妈妈|媽媽|爸爸|母亲|母親|父亲|父親|妻子|老婆|丈夫|老公|儿子|兒子"
    r"|女儿|女兒|朋友|同事|老板|老闆|老师|老師|邻居|家人|男友|女友)|大家|有人|别人|別人",
    denied=r"不|没|沒|别|別|无|無|未曾|从未|從未|再也|以前|曾经|曾經|戒了",
    supposed=r"如果|要是|假如|假设|假設|可能|也许|也許|或许|或許|大概|希望|想|打算|考虑|考慮|要去|将|將|应该|應該|梦想",
    reported=r"听说|聽說|据说|據說|告诉|告訴|[说說][：:，,「“\"我]|问|問|认为|認為",
    asking=r"[？?]|吗|嗎|呢[。？?]?\s*$|是不是|有没有|谁|誰|哪|什么|什麼",
)

KOREAN = _signs(
    others=r"그는|그가|그녀|그들|(?<![가-힣])(?:너|네가|당신|누나|언니|오빠|형은|형이|동생|엄마|아빠|어머니|아버지|친구|아내|남편|아들|딸|상사|동료)"
    r"|씨[는가]|님[은이]",
    denied=r"(?<![가-힣])안 |않|못|없|아니|말고|예전|그만",
    supposed=r"만약|다면|라면|(?:하|가|오|살|있|되)면|아마|싶|것 같|거 같|겠|을까|할까|거예요|거야|모르|예정",
    reported=r"라고|다고|대요|래요|들었",
    asking=r"[?？]|까[.?？]?\s*$|나요|어디|누구|무엇|뭐|언제",
)

_OF_OTHERS = """
jeg ikke og det på mitt mine hvis til å bor har jobber liker jag inte och är att hon mig sig bodde heter
lubię jest mieszkam jestem pracuję mój moja się že jsem není mám nejsem můj nisam nije nemam živim
minä olen että mutta asun bir ve değil benim için oturuyorum saya tidak yang nem egy vagyok lakom sunt și locuiesc
không tôi là của hindi ako и я не мне мой у меня живу работаю
"""
OTHERS = frozenset(_OF_OTHERS.split())
"""Some of the commonest words of languages without a table: `i` is Norwegian, Polish and English."""

_LATIN = (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH)
_TOKEN = re.compile(r"[\w'’]+")


def detect_language(text: str) -> Language | None:
    """The language of a text, by its script and its commonest words; nothing for one without a table."""
    if re.search(r"[\u3040-\u30ff]", text):
        return JAPANESE
    if re.search(r"[\uac00-\ud7af]", text):
        return KOREAN
    if re.search(r"[\u4e00-\u9fff]", text):
        return CHINESE
    words = [word.casefold() for word in _TOKEN.findall(text)]
    scores = [(sum(word in language.common for word in words), bool(language.own.search(text))) for language in _LATIN]
    best = max(scores)
    if sum(word in OTHERS for word in words) > best[0] - 1:
        return None
    return _LATIN[scores.index(best)] if best[0] or best[1] else None
