"""Forms of words that the rules of `stem` would miss, and the words that say little or nothing."""

IRREGULAR = """
travel: travelling travelled traveller; fly: flew flown flies; drive: drove driven; choose: chose chosen; meet: met;
keep: kept; buy: bought; eat: ate eaten; go: went gone; write: wrote written; teach: taught; grow: grew grown; move:
moved; live: lived lives living; sell: sold; sleep: slept; wake: woke; begin: began begun; run: ran running; swim:
swam; sing: sang; speak: spoke spoken; pay: paid; spend: spent; store: stored storing storage; hide: hid hidden; child:
children; kid: kids; person: people; wife: wives; mouse: mice; tooth: teeth; foot: feet; best: better; colour: color
colors; favourite: favorite favorites fav fave; like: liked likes; love: loved loves; hate: hated; use: used using
uses; name: named names; base: based; house: housed houses; marry: marrying married; die: dying died; shoe: shoes;
raise: raised raising; lie: lying; locate: located location; due; do: does; decide: decision decided deciding; bike:
biking; programmer; program: programme; own: owner owns; born; wear: wore worn; ride: rode ridden; make: made; take:
took taken; left; automobile: automobiles; dog: canine; cat: feline; husband: hubby; doctor: physician; postgres:
postgresql; neighbour: neighbor neighbors; organization: organisation; license: licence; gray: grey; reside: residing
resides resided; employ: employed employment; employer; occupation; profession; paris; vegetable: vegetables; allergy:
allergies; allergic; christmas; dating; date: dated; break: broke broken; lose: lost losing; sing: sang sung; build:
built; catch: caught; sit: sat sitting; draw: drew drawn; win: won; bring: brought; fall: fell fallen; feel: felt;
hold: held; hurt; lead: led; read; ring: rang rung; send: sent; shoot: shot; steal: stole stolen; throw: threw thrown;
stand: stood; find: found; freeze: froze frozen freezing; quit: quitting; lend: lent; feed: fed; forget: forgot
forgotten; cost; tell: told; hear: heard; die: died; tooth: teeth; knife: knives; shelf: shelves; loaf: loaves; goose:
geese; woman: women; man: men; foot: feet; diagnose: diagnosed diagnosis; glasses; deploy: deploys deployed
deployment deployments; choir: choirs; studio; photo: photos; marriage; separate: separated separation; divorce:
divorced; appoint: appointed; appointment: appointments; movie: movies; cookie: cookies; collect: collection; rehearse:
rehearsal rehearsals; arrive: arrival; depart: departure; resign: resignation; reserve: reservation reserved; expire:
expiry expiration; apply: application; engage: engaged engagement; inject: injection; vaccine: vaccination vaccinated;
weigh: weight weighs; hair: haircut; gym; maths: math mathematics; kilo: kilos kg kilogram kilograms; kilometre:
kilometres kilometer kilometers km kms; mile: miles; metre: metres meter meters; bus: buses; photo: photograph
photographs; sick; hate: hates hating; dislike: dislikes disliked disliking; smoke: smoked smoking; bake: baked baking;
ski: skiing skied
"""
"""Stems, each with the forms that the rules of `stem` would miss; one alone would be spoiled by them."""

WEAK = """
keep have use get make go want know need put tell say give think call new old favourite type kind sort thing again now
currently current time date year place many much big often best most like love prefer mean please exactly way right
long own find day today really said remember mention actually told bring see look come become happen next man woman
person people someone name last first mine
"""
"""Words that alone do not make a line bear on a question: they qualify what is asked for."""

STOP = """
a an the this that these those i me my mine myself we us our ours you your yours he him his she her hers it its they
them their am is are was were be been being do did does done doing have has had having can could will would shall
should may might must to of in on at by for from with about into as and or but if then so than too very just not no nor
what which who whom whose where when why how there here any some all s t d ll m re ve let am's ok okay also up out one
before after again ever still already only der die das und ist ich mein meine du dein ein eine wie wo wer wann warum
welche welcher welches el la los las un una es mi tu su que cual donde como cuando quien en le les de du des est je mon
ma qui quoi quel quelle quels quelles dans est-ce ai-je suis-je as-tu combien comment quand pourquoi vous nous il elle
"""
"""Words that are not compared at all."""
