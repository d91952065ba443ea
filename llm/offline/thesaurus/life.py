"""How people live: homes, food, places, travel, free time, school and celebrations."""

GROUPS = """
home live reside residence house apartment flat base dwell locate domicile > city town village country @origin bungalow
  cottage villa farm houseboat condo studio caravan
flat apartment condo loft studio
address street avenue lane locate location
floor storey level upstairs downstairs
room floor building chamber > kitchen bathroom bedroom cellar attic basement lounge garage nursery hall pantry
cellar basement
attic loft
toilet bathroom loo wc restroom
sofa couch settee
furniture > sofa couch table chair bed shelf wardrobe desk cupboard bookcase armchair dresser stool
cupboard closet wardrobe
garden yard lawn backyard
rent pay landlord lease
landlord landlady own lease
tenant lodger flatmate roommate housemate
mortgage loan debt owe
move relocate
rubbish trash garbage bin waste litter recycling refuse
collect empty pick fetch gather
heating boiler radiator furnace heat warm
electricity power fuse current blackout
fuse breaker circuit
siren alarm burglar
clean tidy wash vacuum hoover sweep
cleaner maid housekeeper
laundry washing
water tap plumbing
lock key door entry enter
gate entrance door
appliance > fridge freezer oven washer dryer dishwasher microwave toaster kettle vacuum
fridge refrigerator
oven bake roast
plumbing pipe
shop store supermarket market grocer grocery
window pane

food eat meal dish cuisine ingredient menu recipe > peanut nut pizza pasta sushi bread cheese meat egg milk seafood
  shellfish vegan vegetarian gluten lactose curry rice soup burger taco lasagna lasagne chocolate dairy strawberry
  olive salad stew steak sausage noodle dumpling risotto paella ramen omelette pancake sandwich tofu bean lentil cake
  pie fish chicken beef pork lamb mushroom onion garlic tomato potato banana apple mango coriander cilantro broccoli
  spinach liver
food eat meal dish > kebab goulash falafel hummus burrito schnitzel fondue quiche pierogi waffle porridge cucumber
  aubergine celery cabbage sprout beetroot anchovy oyster shrimp prawn crab lobster salmon tuna herring squid mussel
herb > coriander cilantro basil parsley mint thyme rosemary oregano dill sage chive tarragon
spice > pepper cinnamon cumin curry paprika saffron ginger nutmeg cardamom turmeric clove chilli vanilla
vegetable veg > tomato potato carrot onion garlic broccoli spinach cabbage pea bean cauliflower celery cucumber lettuce
  aubergine courgette pumpkin beetroot leek radish asparagus sprout mushroom kale artichoke zucchini fennel turnip
fruit > apple banana orange strawberry mango pear cherry grape lemon lime peach plum kiwi melon pineapple berry
  raspberry blueberry apricot fig pomegranate papaya grapefruit
meat > beef pork lamb chicken turkey ham bacon veal sausage steak duck venison
seafood shellfish > oyster shrimp prawn crab lobster mussel clam scallop squid octopus salmon tuna fish
fish > salmon tuna cod trout herring mackerel sardine
nut > peanut almond walnut hazelnut cashew pistachio
cheese > gouda brie cheddar feta camembert mozzarella parmesan gruyere
bread loaf > baguette rye sourdough bagel toast
breakfast morning > cereal porridge muesli
lunch noon midday
dinner supper evening
meal > breakfast lunch dinner supper brunch
lunch eat
dinner supper eat
breakfast eat
lease apartment flat stay rent
lactose milk dairy cheese
dairy > milk cheese butter yoghurt yogurt cream
gluten wheat bread
sugar sweet
drink beverage alcohol brew > coffee tea beer wine water juice whisky whiskey milk cocktail rum gin vodka cola soda
  lemonade cider champagne cocoa espresso latte cappuccino smoothie mate
coffee espresso cappuccino latte
tea brew infusion
beer ale lager
wine > merlot riesling chardonnay rioja
hot warm > coffee tea cocoa
sweet dessert pudding treat candy > cake chocolate pie tart cookie biscuit brownie donut tiramisu
cake pie tart gateau > cheesecake brownie
vegetarian vegan
restaurant diner eatery bistro cafe pizzeria table
book reserve reservation booking
bar pub tavern
cook chef kitchen
bake oven baking
starve hungry appetite

colour hue shade tint > red blue green teal yellow purple orange black white pink turquoise brown grey violet magenta
  beige crimson indigo maroon navy gold silver lilac mauve cyan ochre scarlet
flower blossom bouquet bloom > rose tulip daisy lily orchid sunflower violet peony dahlia iris lavender daffodil
plant flower garden > rose tulip tomato cactus orchid fern ivy basil bonsai monstera
tree > oak birch pine maple beech willow spruce elm ash
weekday day > monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays
  saturdays sundays
weekend > saturday sunday saturdays sundays
month > january february march april june july august september october november december
season > spring summer autumn winter fall
autumn fall
early dawn morning
late evening night
noon midday

city town place > lisbon london paris berlin madrid rome vienna tokyo york porto amsterdam dublin munich boston chicago
  oslo lima leeds prague warsaw budapest athens barcelona milan naples zurich geneva brussels hamburg cologne stockholm
  copenhagen helsinki moscow istanbul cairo sydney melbourne toronto montreal vancouver seattle delhi mumbai beijing
  shanghai seoul bangkok singapore nairobi lagos
country nation nationality state land > germany france spain portugal italy england japan india china brazil canada
  slovenia slovakia austria switzerland poland sweden norway denmark finland iceland ireland scotland wales netherlands
  holland belgium greece turkey russia ukraine romania hungary croatia serbia bulgaria albania estonia latvia lithuania
  czechia luxembourg malta cyprus america usa mexico cuba peru chile argentina colombia bolivia ecuador uruguay
  venezuela egypt morocco tunisia algeria kenya ethiopia ghana nigeria senegal israel lebanon iran iraq syria pakistan
  bangladesh nepal thailand vietnam laos cambodia malaysia indonesia philippines korea mongolia australia georgia
  armenia
nationality citizen citizenship > german french spanish portuguese italian english japanese indian chinese brazilian
  canadian slovenian austrian swiss polish swedish norwegian danish finnish irish scottish welsh dutch belgian greek
  turkish russian ukrainian romanian hungarian american mexican korean australian
continent > europe asia africa america australia antarctica
island isle > iceland ireland malta crete sicily corsica sardinia cyprus cuba bali hawaii madeira jamaica mallorca
mountain peak hill summit alp
sea ocean coast beach
lake pond
abroad overseas foreign

commute travel ride transport > bus train bike tram metro subway car ferry tube underground
transport vehicle > bus train tram metro subway ferry tube taxi underground
train rail railway station
bus coach
fly plane flight aircraft airplane pilot aviator airline jet
airport terminal gate
gate board boarding platform
luggage baggage suitcase bag
ferry ship boat
seat sit place
trip travel holiday vacation journey visit getaway tour excursion
vacation holiday leave absence
hotel hostel inn guesthouse accommodation lodging stay airbnb sleep
tent camp campsite
passport document visa
document > passport visa licence certificate contract permit
visa permit
reservation booking book reserve
reference number code confirmation
ticket pass fare
leave depart departure
arrive arrival land come
tourist sightseeing
park car > garage

sport exercise play train workout > football soccer tennis basketball swim run hockey golf rugby climb chess ski surf
  yoga handball volleyball cricket baseball badminton squash judo karate boxing fencing archery rowing cycling
  gymnastics pilates crossfit sail skate snowboard bouldering jog
gym fitness workout
hobby pastime leisure spare recreation > paint draw garden knit chess photography hike climb cook read dance guitar ski
  surf fish pottery woodworking sew crochet embroider origami juggle birdwatching stamp genealogy collect sing bake
  calligraphy astronomy
run marathon jog race sprint
distance far kilometre kilometer mile metre km
swim pool lane
hike trek ramble walk
climb boulder mountaineer
paint draw sketch watercolour
knit crochet sew
collect gather accumulate hoard
photography photo picture camera
instrument music play > guitar piano violin drum cello flute trumpet saxophone bass theremin harp clarinet oboe
  accordion banjo ukulele organ viola trombone tuba harmonica mandolin bagpipe lute keyboard synthesizer recorder horn
  sitar xylophone bassoon harpsichord
piano keyboard
music band song listen artist genre > jazz rock metal techno pop blues folk punk reggae hiphop classical opera soul
  funk country house disco swing baroque rap ska grunge
choir sing song vocal chorus
band orchestra ensemble group
singer vocalist sing
rehearsal practice rehearse > choir band orchestra theatre
concert gig show performance
opera theatre play stage
film movie cinema watch flick picture
series show episode tv television
actor actress star
book novel read author
magazine newspaper journal
writer author poet novelist
game play > chess minecraft poker checkers tetris bridge scrabble monopoly backgammon mahjong zelda go
partner opponent rival against
team club football soccer follow > support fan arsenal chelsea liverpool barcelona bayern
support follow fan cheer root
member belong join
art painting museum gallery exhibition

school university college study education degree attend academy campus > physics history biology law medicine
school kindergarten class pupil lesson classroom
subject major learn topic theme > maths mathematics physics chemistry biology geography history literature art
  economics philosophy psychology sociology geology law medicine linguistics astronomy latin
study subject major learn
exam test examination quiz final
fail flunk
mark grade score
graduate finish degree diploma
thesis dissertation
teacher teach tutor professor
class course lesson lecture seminar workshop
homework assignment
language speak tongue > english german french spanish portuguese italian japanese chinese dutch greek swiss welsh irish
  thai polish russian arabic basque swedish norwegian danish finnish hungarian czech turkish hebrew hindi korean
  vietnamese latin catalan icelandic esperanto swahili mandarin cantonese ukrainian romanian

gift present
party celebrate celebration bash
christmas xmas
festival holiday > christmas easter hanukkah diwali ramadan thanksgiving halloween
invite invitation
wish want dream hope
goal aim plan want dream
roof top tile
wall fence
stair step ladder
cleaner housekeep housekeeper
meter gauge reading
carpet rug
curtain blind
lamp light bulb
nursery kindergarten daycare preschool creche
grade class form year
vegan meat milk egg honey
vegetable greens
rare medium raw
spicy hot mild
italian pizza pasta
chinese wok noodle
japanese sushi ramen
snack crisps popcorn
tip gratuity
cutlery fork spoon knife
plate bowl dish
pan pot saucepan
recipe ingredient
shopping groceries
evening night
japan > tokyo osaka kyoto nagoya
italy > rome milan naples venice florence turin siena ravenna palermo bologna
france > paris lyon marseille nice bordeaux toulouse lille
germany > berlin munich hamburg cologne frankfurt leipzig dresden stuttgart kiel bremen
spain > madrid barcelona seville valencia bilbao granada malaga
portugal > lisbon porto faro braga coimbra
england britain uk > london leeds manchester liverpool bristol oxford cambridge york birmingham sheffield newcastle
scotland > edinburgh glasgow aberdeen dundee
ireland > dublin cork galway
america usa states > boston chicago seattle dallas houston austin denver miami texas california florida
china > beijing shanghai shenzhen
india > delhi mumbai bangalore chennai
netherlands holland > amsterdam rotterdam utrecht
austria > vienna graz salzburg linz innsbruck
switzerland > zurich geneva basel bern lausanne
city town capital > kyoto osaka nagoya venice florence turin siena palermo bologna lyon marseille bordeaux frankfurt
  leipzig dresden stuttgart kiel bremen seville valencia bilbao manchester bristol oxford cambridge birmingham
  edinburgh glasgow aberdeen cork galway dallas houston austin denver miami bern basel graz salzburg utrecht rotterdam
  krakow gdansk riga tallinn vilnius zagreb ljubljana belgrade sofia bucharest reykjavik bergen malmo gothenburg
  antwerp ghent
tent camper caravan motorhome van
hire rent
museum gallery
pottery ceramic clay
sewing needle stitch
hand make craft > knit sew crochet pottery woodwork carve quilt
martial fight > karate judo taekwondo aikido kungfu boxing jujitsu kendo wrestling
sport event competition > marathon triathlon race tournament match
train prepare practise practice
bird birdwatching
stamp coin antique
fishing angling fish
hunt hunting
board boardgame
puzzle crossword sudoku jigsaw
tattoo piercing
podcast radio
poem poetry
comic manga
paint canvas easel
weather climate > rain snow sun wind storm thunderstorm fog heat frost hail
score goal
coach trainer
trophy medal cup prize
university > oxford cambridge harvard yale stanford mit
scholarship grant
semester term
lecture talk
drive licence
traffic jam
fine penalty
accident crash collision
volcano crater
desert sahara
forest wood woods
river stream > danube rhine thames nile amazon seine elbe
currency money
climbing rope
"""
"""Groups as in `people`."""
