"""Everyday English for the offline model: which words mean one thing, and which phrases hold a fact without its word.

It is written by hand and kept small: what people tell about themselves and their work, and how they ask for it later.
"""

from __future__ import annotations

GROUPS = """
name call surname nickname username handle
home live reside residence house apartment flat base dwell locate > city town village country @origin
city town > lisbon london paris berlin madrid rome vienna tokyo york porto amsterdam dublin munich boston chicago
country nation nationality > germany france spain portugal italy england japan india china brazil canada
origin born raise hometown native grow @origin
birthday birth born birthdate @age
age old year young @age
job work profession occupation career employ earn @job > teach nurse teacher engineer doctor lawyer chef developer
job profession occupation > programmer designer carpenter plumber pilot artist writer baker farmer accountant student
employer company firm work boss
boss manager supervisor lead chief
colleague coworker teammate team
pet animal > dog cat puppy kitten hamster rabbit parrot bird fish goldfish horse turtle tortoise snake
dog puppy hound
cat kitten kitty
family relative relation > sister brother mother father mum dad son daughter wife husband uncle aunt cousin niece
family relative relation > nephew grandmother grandfather grandma grandpa child twin parent
sibling > sister brother twin
parent > mother father mum dad mom
mother mum mom mama
father dad papa
grandfather grandpa granddad
grandmother grandma granny nana
dating couple > girlfriend boyfriend
grandparent > grandmother grandfather grandma grandpa
child kid baby > son daughter twin
spouse partner marry > wife husband fiance fiancee
wife girlfriend fiancee
husband boyfriend fiance
wedding marry marriage anniversary
friend buddy pal mate
food eat meal dish cuisine ingredient > peanut nut pizza pasta sushi bread cheese meat egg milk seafood shellfish vegan
food eat meal dish cuisine ingredient > vegetarian gluten lactose curry rice soup burger
food eat meal dish cuisine ingredient > taco lasagna chocolate dairy strawberry
avoid allergic allergy intolerant intolerance bad
diet eat > vegan vegetarian gluten lactose kosher halal keto pescatarian
meat > vegan vegetarian
breakfast morning > cereal porridge
lactose milk dairy
gluten wheat bread
drink beverage alcohol > coffee tea beer wine water juice whisky milk cocktail
sweet dessert > cake chocolate pie pudding
colour hue shade > red blue green teal yellow purple orange black white pink turquoise brown grey violet magenta
favourite best most love prefer adore like enjoy fond
hate dislike detest loathe
fear afraid scare phobia terrify
car vehicle automobile drive ride > saab volvo toyota ford tesla bmw honda audi fiat volkswagen skoda mazda nissan
car vehicle > renault peugeot mercedes porsche van truck jeep motorbike
bike bicycle cycle
commute travel ride transport > bus train bike tram metro subway car
fly plane flight aircraft airplane pilot aviator airline
trip travel holiday vacation journey visit
phone call ring dial
sport exercise play train > football soccer tennis basketball swim run hockey golf rugby climb chess ski surf yoga
hobby pastime leisure spare > paint draw garden knit chess photography hike climb cook read dance guitar ski surf fish
run marathon jog race
instrument music play > guitar piano violin drum cello flute trumpet saxophone bass
music band song listen artist > jazz rock metal techno pop
film movie cinema watch
book novel read author
game play > chess minecraft poker
school university college study education degree attend > physics history biology law medicine
study subject major learn
language speak tongue > english german french spanish portuguese italian japanese chinese dutch
language speak tongue > greek swiss welsh irish thai polish russian arabic
programming language code > python rust java javascript typescript golang kotlin swift ruby haskell elixir
database store storage > postgres postgresql mysql sqlite mongodb redis mariadb oracle cassandra dynamodb
cloud host provider hosting > aws azure gcp hetzner heroku
machine computer laptop pc > macbook thinkpad mac
os system operate > linux windows macos ubuntu debian
phone mobile telephone cell number > iphone pixel android
editor ide > vim emacs vscode neovim
framework library > django flask react vue rails fastapi
server host machine box
choose decide pick select agree settle opt decision choice
meet meeting appointment call sync standup conference
deadline due finish deliver submit launch ship release
start begin kick
end finish over
release version ship deploy launch
deploy rollout ship release
move shift postpone reschedule
key secret password credential token passphrase passcode pin code
password passcode pin code
keep store put hide locate location find lie sit
park car > garage
email mail e-mail @email
phone number telephone @phone
wifi wlan network ssid
money cost price pay budget salary expensive cheap spend @money > rent
salary earn pay income wage
rent pay landlord lease
budget spend
doctor physician dentist gp
ill sick illness disease condition disease health > diabetes asthma migraine diabetic cold flu
medicine medication drug pill > insulin ibuprofen aspirin antibiotic
blood type group
glasses eye sight
tall height high
weigh weight heavy kilo kg
size wear shoe
hair blond brunette
religion faith believe > christian muslim jewish buddhist hindu atheist
plant flower garden > rose tulip tomato cactus orchid
office desk workplace
room floor building
project product app
client customer
bug error problem issue crash fault defect broken fail failure
fix repair solve mend
gift present
buy purchase get order
sell sale
cook chef kitchen
boat ship sail
leave depart departure go
arrive arrival land come
team club football soccer follow > support fan arsenal chelsea liverpool barcelona bayern
support follow fan cheer
bird > parrot canary budgie chicken
fish > goldfish guppy
wake rise alarm
sleep bed
handed hand > left right
sign zodiac star > aries taurus gemini cancer leo virgo libra scorpio sagittarius capricorn aquarius pisces
star > zodiac
neighbour neighbor
goal aim plan want dream
join member belong
responsible charge lead own run
"""
"""One group a line: the words left of `>` mean the same; those right of it are kinds of it, not of each other."""

IDIOMS = (
    (r"\bwho (?:am i|i am)(?! (?!again|now|really|to you)\w)", "@self"),
    (r"\b(?:what|which) name (?:do|did) i (?:go by|have|use|give)", "@self"),
    (r"\b(?:what am i called|(?:what|how) (?:do|should|can|must) (?:you|people|they) call me)\b", "@self"),
    (r"\bmy (?:own |first |last |full |real )?name(?:'s| is|(?!'))|\b(?:call me|i go by)\b", "@self"),
    (r"\bi(?:'m| am) (?:also |now )?(?:called|named|known as)\b", "@self"),
    (r"\bwho(?:'s| is) (?:this|talking|speaking)\b", "@self"),
    (r"\bi(?:'ve| have)? (?:just |recently |now )?(?:moved|relocated) to\b", "i moved live in"),
    (r"(?<!go )(?<!want )(?<!have )(?<!need )to work\b(?! (?:at|for|as|on|in|with)\b)", "commute"),
    (r"\bhow old am i\b", "my @age"),
    (
        r"\bi(?:'m| am) (?:now )?(?:\d{1,3}\b(?: years old)?)(?! ?(?:cm|m|kg|ft|feet|pounds|min|%|minutes|hours|km))",
        "my @age",
    ),
    (r"\bwhat do i do(?: for (?:a living|work))?\b", "my @job"),
    (r"\bwhere do i work\b", "my @job company"),
    (r"\b(?:am i|do i come|are we) (?:originally )?from\b", "my @origin"),
    (r"\bi(?:'m| am| come) (?:originally )?from\b", "my @origin"),
    (
        r"\bi(?:'m| am) an? (?!\w+ (?:fan|lover)\b)(?=(?:\w+ ){0,2}\w*(?:er|or|ist|cian|ect|man|nurse|chef|pilot)\b)",
        "my @job ",
    ),
    (
        r"\b(?:can't|cannot|don't|must not|mustn't|shouldn't) (?:i |we )?(?=eat\b|drink\b|have (?:gluten|dairy)\b)",
        "avoid ",
    ),
    (r"\bmakes? me (?:sick|ill)\b", "allergic"),
    (r"\b(?:like|love|enjoy)s? (.{0,40}?)\b(?:best|most)\b", r"favourite \1"),
    (r"\b(?:went|go|going|gone) (?:for|with)\b", "choose"),
    (r"\b(?:got|get) (?:married|hitched)\b", "marry"),
    (r"\bmarried to\b", "spouse"),
    (r"\b(?:passed|lost|left) (?:away|behind)\b", "died"),
    (r"\bput off\b", "postpone"),
    (r"\b(?:phone|mobile|telephone|cell) number\b", "@phone phone"),
    (r"\b(?:e-?mails?(?: address(?:es)?)?|mail address)\b", "@email"),
    (r"\bi turn(?:ed|ing)? \d+", "my @age birthday"),
    (r"\bgo(?:es|ing)? live\b|\bwent live\b", "launch"),
    (r"\b(?:earn|make)s? (?:my|a|his|her|our) living\b", "@job"),
    (r"\bwhat (?:did|does|do) (my .{2,30}?) do(?: for a living)?(?=\?|$)", r"\1 @job"),
    (r"[^\s@]{1,64}@[^\s@]{1,100}\.\w+", r"\g<0> @email"),
    (r"(?<!\w)\+?\d[\d ()/-]{6,}\d", r"\g<0> @phone"),
    (r"[$€£¥]\s?\d|\d\s?(?:[$€£¥]|eur(?:os?)?\b|usd\b|dollars?\b|pounds?\b)", r"\g<0> @money"),
    (r"\bhow much (?:does|do|did|is|are|was)\b", "@money"),
    (r"\bhow (?:tall|high)\b", "tall"),
    (r"(?<=\d)\s?(?:cm|m)\b(?: tall)?", " tall"),
    (r"(?<=\d)\s?kg\b", " weigh"),
    (r"\bich hei(?:ss|ß)e|\bwie hei(?:ss|ß)e ich|\bmein name\b", "@self"),
    (r"\b(?:(?:como )?me llamo|mi nombre|(?:come )?mi chiamo|meu nome|mon nom|(?:comment )?je m'appelle)\b", "@self"),
)
"""Patterns, each with what stands for it where words are compared; an `@word` is a notion of its own."""

IRREGULAR = """
travel: travelling travelled traveller;
fly: flew flown flies; drive: drove driven; choose: chose chosen; meet: met; keep: kept; buy: bought; eat: ate eaten;
go: went gone; write: wrote written; teach: taught; grow: grew grown; move: moved; live: lived lives living; sell:
sold; sleep: slept; wake: woke; begin: began begun; run: ran running; swim: swam; sing: sang; speak: spoke spoken;
pay: paid; spend: spent; store: stored storing storage; hide: hid hidden; child: children; kid: kids; person: people;
wife: wives; mouse: mice; tooth: teeth; foot: feet; best: better; colour: color colors; favourite: favorite favorites
fav fave; like: liked likes; love: loved loves; hate: hated; use: used using uses; name: named names; base: based;
house: housed houses; marry: marrying married; die: dying died; shoe: shoes; raise: raised raising; lie: lying;
locate: located location; due; do: does; decide: decision decided deciding; bike: biking; programmer; program:
programme; own: owner owns; born; wear: wore worn; ride: rode ridden; make: made; take: took taken; left; automobile:
automobiles; dog: canine; cat: feline; husband: hubby; doctor: physician; postgres: postgresql; neighbour: neighbor
neighbors; organization: organisation; license: licence; gray: grey; reside: residing resides resided; employ:
employed employment; employer; occupation; profession; paris; vegetable: vegetables; allergy: allergies; allergic;
christmas; dating; date: dated
"""
"""Stems, each with the forms that the rules of `llm.words.stem` would miss; one alone would be spoiled by them."""

WEAK = """
keep have use get make go want know need put tell say give think call new old favourite type kind sort thing again now
currently current time date year place many much big often best most like love prefer mean please exactly way right
long own find day today really said remember mention actually told
"""
"""Words that alone do not make a line bear on a question: they qualify what is asked for."""

STOP = """
a an the this that these those i me my mine myself we us our ours you your yours he him his she her hers it its they
them their am is are was were be been being do did does done doing have has had having can could will would shall should
may might must to of in on at by for from with about into as and or but if then so than too very just not no nor
what which who whom whose where when why how there here any some all s t d ll m re ve let am's ok okay also up out
der die das und ist ich mein meine du dein ein eine el la los las un una es mi tu su le les de du des est je mon ma
"""
"""Words that are not compared at all."""
